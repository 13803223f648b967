import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parseArguments } from '../src/parse-arguments.ts'
import { createEnding } from '../src/stack/create-ending.ts'
import { createStopSwitch } from '../src/stack/stop-switch.ts'
import { describeLogLine } from '../src/stack/describe-log-line.ts'
import { followLog } from '../src/stack/follow-log.ts'
import { keepMasterKey } from '../src/stack/keep-master-key.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-local-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('parseArguments', () => {
  it('plays the demo on kept data unless told otherwise, and tolerates a separator', () => {
    expect(parseArguments([])).toEqual({ demo: true, reset: false, help: false })
    expect(parseArguments(['--', '--no-demo', '--reset'])).toEqual({ demo: false, reset: true, help: false })
  })

  it('refuses an option it does not know', () => {
    expect(() => parseArguments(['--nope'])).toThrow(/--nope/)
  })
})

describe('createEnding', () => {
  it('ends in reverse order, also past a step that fails', async () => {
    const ended: string[] = []
    const failures: string[] = []
    const ending = createEnding()
    ending.later('first', async () => ended.push('first'))
    ending.later('second', async () => Promise.reject(new Error('stuck')))
    ending.later('third', async () => ended.push('third'))
    expect(await ending.run((what) => failures.push(what))).toBe(false)
    expect(ended).toEqual(['third', 'first'])
    expect(failures).toEqual(['second'])
  })
})

describe('createStopSwitch', () => {
  it('keeps the first reason', async () => {
    const stop = createStopSwitch()
    expect(stop.stopping.aborted).toBe(false)
    stop.stop({ why: 'Ctrl-C', code: 0 })
    stop.stop({ why: 'the api died', code: 1 })
    expect(await stop.asked).toEqual({ why: 'Ctrl-C', code: 0 })
    expect(stop.stopping.aborted).toBe(true)
  })
})

describe('keepMasterKey', () => {
  it('makes a key that only its owner can read and returns the same one later', async () => {
    const path = join(folder, 'key')
    const key = await keepMasterKey(path)
    expect(key).toHaveLength(32)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await keepMasterKey(path)).toEqual(key)
  })

  it('refuses a damaged file instead of replacing it', async () => {
    const path = join(folder, 'key')
    await writeFile(path, 'short')
    await expect(keepMasterKey(path)).rejects.toThrow(/32 bytes/)
    expect(await readFile(path, 'utf8')).toBe('short')
  })
})

describe('followLog', () => {
  it('hands out every whole line, also the last ones before it stops', async () => {
    const path = join(folder, 'log')
    const lines: string[] = []
    await writeFile(path, 'one\ntwo\nunfin')
    const follower = followLog(path, (line) => lines.push(line))
    await writeFile(path, 'ished\n', { flag: 'a' })
    await follower.stop()
    expect(lines).toEqual(['one', 'two', 'unfinished'])
  })
})

describe('describeLogLine', () => {
  it('shows warnings and errors with their details and leaves the rest to the file', () => {
    const line = (level: string) =>
      JSON.stringify({
        time: 't',
        level,
        service: 'waybill-api',
        event: 'queue.failed',
        error: { message: 'gone' },
      })
    expect(describeLogLine('api', line('warn'))).toBe('api warn: queue.failed error=gone')
    expect(describeLogLine('api', line('info'))).toBeUndefined()
  })

  it('shows what is not of our logger as it is', () => {
    expect(describeLogLine('worker', 'FATAL ERROR')).toBe('worker: FATAL ERROR')
  })
})
