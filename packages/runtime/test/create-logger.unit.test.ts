import { Writable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { createLogger, redactText } from '../src/index.ts'
import type { LogLevel } from '../src/index.ts'

function logTo(level: LogLevel = 'debug') {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const logger = createLogger({ service: 'test', level, stream })
  return {
    logger,
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

describe('logger', () => {
  it('writes one JSON line per event with time, level and service', () => {
    const { logger, lines, text } = logTo()
    logger.info('delivery.recorded', { id: 7, big: 12n, when: new Date(0), nothing: undefined })
    expect(text().endsWith('}\n')).toBe(true)
    expect(lines()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        level: 'info',
        service: 'test',
        event: 'delivery.recorded',
        id: 7,
        big: '12',
        when: '1970-01-01T00:00:00.000Z',
      },
    ])
  })

  it('writes nothing below its level and does not look at the fields', () => {
    const { logger, text } = logTo('warn')
    const fail = (): never => {
      throw new Error('the fields were read')
    }
    const fields = new Proxy({}, { ownKeys: () => fail() })
    logger.info('thing.happened', fields)
    logger.debug('thing.happened', fields)
    expect(text()).toBe('')
    logger.warn('thing.happened')
    expect(text()).toContain('"warn"')
  })

  it('redacts values of secret-looking keys at any depth, in any spelling', () => {
    const { logger, text } = logTo()
    logger.info('request.answered', {
      headers: { Authorization: 'Zanzibar1', 'Set-Cookie': ['Zanzibar2'], 'X-Api-Key': 'Zanzibar3' },
      deep: [{ clientSecret: 'Zanzibar4', password: { inner: 'Zanzibar5' }, responseBody: 'Zanzibar6' }],
      access_token: 'Zanzibar7',
    })
    expect(text()).not.toContain('Zanzibar')
    expect(text().match(/\[redacted\]/g)).toHaveLength(7)
  })

  it('redacts secrets recognised by their shape in any text', () => {
    expect(redactText('key whsec_MfKQ9r8G+/= end')).toBe('key [redacted] end')
    expect(redactText('sent Bearer abc.def-1 to x')).toBe('sent Bearer [redacted] to x')
    expect(redactText('token wbt_live_12ab failed')).toBe('token [redacted] failed')
    expect(redactText('session wbs_12-ab failed')).toBe('session [redacted] failed')
    expect(redactText('at postgres://me:p@ss@db:5432/x')).toBe('at postgres://[redacted]@db:5432/x')
    expect(redactText('nothing here, https://a.example/b@c')).toBe('nothing here, https://a.example/b@c')
  })

  it('keeps only the origin of URLs', () => {
    const { logger, lines } = logTo()
    logger.info('url.seen', {
      url: 'https://u:p@hooks.example:8443/path/secret?key=1',
      callbackUrl: 'not a url',
      target: new URL('https://other.example/secret'),
      database_url: 'postgres://u:p@db:5432/x',
    })
    expect(lines()[0]).toMatchObject({
      url: 'https://hooks.example:8443',
      callbackUrl: '[redacted]',
      target: 'https://other.example',
      database_url: 'postgres://db:5432',
    })
  })

  it('writes errors as code, message and stack with their cause, redacted', () => {
    const { logger, lines } = logTo()
    const cause = new Error('refused for Bearer abcdefgh')
    const error = Object.assign(new Error('failed', { cause }), { code: 'E_TEST', token: 'x' })
    logger.error('thing.failed', { error })
    expect(lines()[0]?.['error']).toEqual({
      code: 'E_TEST',
      message: 'failed',
      stack: expect.stringContaining('create-logger.unit.test'),
      cause: { message: 'refused for Bearer [redacted]', stack: expect.any(String) },
    })
  })

  it('writes of a failed statement what the database said, and neither the statement nor its parameters', () => {
    const { logger, lines, text } = logTo()
    const cause = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })
    class QueryFailed extends Error {
      readonly query = 'insert into "Zanzibar" values ($1)'
      readonly params = ['https://rx.example/?key=Hush\n    at Hush', 'Hush']
      constructor() {
        super('Failed query', { cause })
        this.message = `Failed query: ${this.query}\nparams: ${this.params.join()}`
        Error.captureStackTrace(this)
      }
    }
    const failed = new QueryFailed()
    expect(failed.stack).toContain('Hush')
    logger.error('thing.failed', { error: failed })
    logger.error('thing.failed', { error: new Error('outer', { cause: failed }) })
    logger.error('thing.failed', { error: Object.assign(new Error('Hush'), { query: 'Hush', params: [] }) })
    const statement = {
      name: 'QueryFailed',
      code: '55P03',
      message: 'canceling statement due to lock timeout',
      stack: expect.stringMatching(/^at .*create-logger.unit.test/),
    }
    expect(lines().map((line) => line['error'])).toEqual([
      statement,
      { message: 'outer', stack: expect.any(String), cause: statement },
      { name: 'Error', message: 'a statement failed', stack: expect.any(String) },
    ])
    expect(text()).not.toMatch(/Zanzibar|Hush|https?:/)
  })

  it('writes errors of another realm as errors, too', () => {
    const { logger, lines } = logTo()
    const error: unknown = runInNewContext(`Object.assign(new Error('failed'), { note: 'Zanzibar' })`)
    logger.error('thing.failed', { error })
    expect(lines()[0]?.['error']).toEqual({ message: 'failed', stack: expect.any(String) })
  })

  it('cannot be made to write a second line, nor to fake its own fields', () => {
    const { logger, lines, text } = logTo()
    logger.info('a.b\n{"level":"error"}', { note: 'x\r\ny\u2028z\u009b31m', level: 'error', event: 'fake' })
    expect(text().split('\n')).toHaveLength(2)
    expect(text()).not.toMatch(/[\u007f-\u009f\u2028]/)
    expect(lines()[0]).toMatchObject({
      level: 'info',
      event: 'a.b\n{"level":"error"}',
      note: 'x\r\ny\u2028z\u009b31m',
    })
  })

  it('drops and counts lines while nobody reads them, and goes on when somebody does', () => {
    const written: string[] = []
    let read = (): void => {}
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written.push(String(chunk))
        read = done
      },
    })
    const logger = createLogger({ service: 'test', level: 'info', stream })
    const all = 60_000
    for (let i = 0; i < all; i += 1) logger.info('batch.settled', { i, text: 'x'.repeat(100) })
    expect(stream.writableLength).toBeLessThan(5 * 1_048_576)
    while (stream.writableLength > 0) read()
    logger.info('batch.settled', { i: all })
    read()
    read()
    const [last, told] = [written.pop(), written.pop()].map((line) => JSON.parse(line ?? '') as object)
    expect(last).toMatchObject({ event: 'batch.settled', i: all })
    expect(told).toMatchObject({ event: 'log.dropped', level: 'warn', lines: all - written.length })
    expect(written.length).toBeGreaterThan(1_000)
  })

  it('bounds depth, items and text, so that a cycle ends', () => {
    const { logger, lines, text } = logTo()
    const cycle: Record<string, unknown> = {
      many: Array.from({ length: 500 }, () => 0),
      text: 'a'.repeat(100_000),
    }
    cycle['self'] = cycle
    logger.info('thing.seen', { cycle, bytes: Buffer.alloc(5) })
    expect(text().length).toBeLessThan(100_000)
    expect(text()).toContain('[deep]')
    expect(lines()[0]).toMatchObject({ bytes: '[5 bytes]' })
  })
})
