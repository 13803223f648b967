import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { BadEnvironment, base64Key, flag, list, milliseconds, port, readEnv } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'read-env-'))
afterAll(() => rmSync(folder, { recursive: true }))

const schema = z
  .object({
    PORT: port.default(8080),
    TIMEOUT_MS: milliseconds.optional(),
    ALLOW: list.default([]),
    HTTPS_ONLY: flag.default(true),
    SECRET_KEY: base64Key(32),
    DATABASE_URL: z.url({ protocol: /^postgres$/ }),
  })
  .transform((env) => ({ port: env.PORT, secrets: { key: env.SECRET_KEY }, env }))

const good = {
  SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  DATABASE_URL: 'postgres://u:hunter2@db:5432/x',
}

function problemsOf(env: NodeJS.ProcessEnv): BadEnvironment {
  try {
    readEnv(schema, env)
  } catch (error) {
    if (error instanceof BadEnvironment) return error
    throw error
  }
  throw new Error('the environment was accepted')
}

describe('readEnv', () => {
  it('parses each kind of variable', () => {
    const {
      port: number,
      secrets,
      env,
    } = readEnv(schema, {
      ...good,
      PORT: '9000',
      TIMEOUT_MS: '1500',
      ALLOW: ' loopback, ,10.0.0.0/8 ',
      HTTPS_ONLY: 'off',
    })
    expect(number).toBe(9000)
    expect(secrets.key).toEqual(Buffer.alloc(32, 7))
    expect(env).toMatchObject({ TIMEOUT_MS: 1500, ALLOW: ['loopback', '10.0.0.0/8'], HTTPS_ONLY: false })
  })

  it('takes an empty variable for one that is not set', () => {
    expect(readEnv(schema, { ...good, PORT: '', HTTPS_ONLY: '' })).toMatchObject({
      port: 8080,
      env: { HTTPS_ONLY: true },
    })
  })

  it('names every bad variable with its reason and shows no secret', () => {
    const { message, problems } = problemsOf({
      PORT: 'abc',
      TIMEOUT_MS: '-1',
      HTTPS_ONLY: 'maybe',
      SECRET_KEY: 'c2hvcnQtc2VjcmV0',
      DATABASE_URL: 'mysql://root:hunter2@db/x?password=hunter2',
    })
    expect(problems.map(({ name }) => name).sort()).toEqual([
      'DATABASE_URL',
      'HTTPS_ONLY',
      'PORT',
      'SECRET_KEY',
      'TIMEOUT_MS',
    ])
    expect(message).toContain('PORT ("abc"): must be a whole number from 0 to 65535')
    expect(message).toContain('HTTPS_ONLY ("maybe"): must be true or false')
    expect(message).toContain('SECRET_KEY (hidden, 16 characters): must be 32 bytes in base64')
    expect(message).toContain('"mysql://db…"')
    expect(message).not.toMatch(/hunter2|c2hvcnQ/)
  })

  it.each([
    'postgres://u:hunter2/slash@db/x',
    'postgres//u:hunter2@db',
    'postgres://u:12/hunter2@db',
    'hunter2 with a longer text that may be anything',
  ])('hides a mistyped value that may hold a password: %s', (value) => {
    const { message } = problemsOf({ ...good, PORT: value, TIMEOUT_MS: value })
    expect(message).not.toMatch(/hunter2|:12/)
  })

  it('says of a missing variable that it is required', () => {
    expect(problemsOf({}).message).toContain('SECRET_KEY (not set): is required')
  })

  it('reads X_FILE in place of X, trimmed, and names a file it cannot read', () => {
    const path = join(folder, 'key')
    writeFileSync(path, `${good.SECRET_KEY}\n`)
    const env = { DATABASE_URL: good.DATABASE_URL, SECRET_KEY: 'ignored', SECRET_KEY_FILE: path }
    expect(readEnv(schema, env).secrets.key).toHaveLength(32)
    const { problems } = problemsOf({ ...good, SECRET_KEY_FILE: join(folder, 'absent') })
    expect(problems).toEqual([{ name: 'SECRET_KEY_FILE', value: 'a path', reason: 'cannot be read: ENOENT' }])
    writeFileSync(path, 'too short, and a secret')
    expect(problemsOf(env).message).toContain('SECRET_KEY (from a file): must be 32 bytes')
  })

  it.each(['65536', '1.5', '1e3', ' ', '0x10'])('refuses the port %j', (value) => {
    expect(problemsOf({ ...good, PORT: value }).problems).toHaveLength(1)
  })
})
