import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  createSession,
  findSession,
  findUserByEmail,
  hashToken,
  listRoutes,
  openDatabase,
  putIntegration,
  type Database,
} from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { createTestDatabase, startProcess, type TestDatabase } from '@waybill/testing'
import { readAdminCommand } from '../../src/commands/read-admin-command.ts'
import { runAdminCommand } from '../../src/commands/run-admin-command.ts'
import { verifyPassword } from '../../src/planomatic/identity/hash-password.ts'

let clone: TestDatabase
let database: Database
beforeAll(async () => {
  clone = await createTestDatabase()
  database = openDatabase({
    url: clone.url,
    applicationName: 'waybill-test',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
  await putIntegration(database.orm, asIntegrationId(12), 'Yard')
})
afterAll(async () => {
  await database.close()
  await clone.drop()
})

const secret = 'a good password'

/** Runs a command line within this process, with `given` as its standard input. */
async function admin(line: string, given = '') {
  const read = readAdminCommand(line.split(' '))
  if (!read.ok) throw new Error(read.problem)
  return runAdminCommand(database, read.command, {
    env: { SECRET: secret, SHORT: '1234567', ODD: 'pass\tword', LONG: 'x'.repeat(1_025) },
    stdin: Readable.from(given === '' ? [] : [Buffer.from(given)]),
  })
}

const created = async (email: string, rest = '') =>
  admin(`user create --email ${email} ${rest}`.trim(), `${secret}\n`)

/** A user with a password. */
async function found(email: string) {
  const user = await findUserByEmail(database.orm, email)
  if (!user?.passwordHash) throw new Error(`${email} has no password`)
  return { user: user.user, passwordHash: user.passwordHash }
}

describe('user create', () => {
  it('makes a user with the password of standard input, without its line end', async () => {
    const answer = await created('pat@yard.test', '--password-stdin --role client --integration 12')
    expect(answer).toEqual({
      exitCode: 0,
      out: expect.stringMatching(/^\d+$/),
      note: `User ${answer.out} is pat@yard.test.`,
    })
    const found = await findUserByEmail(database.orm, 'PAT@yard.test')
    expect(found?.user).toMatchObject({ id: Number(answer.out), roles: ['client'], integrations: [12] })
    expect(await verifyPassword(found?.passwordHash ?? '', secret)).toBe(true)
  })

  it('makes a user with the password of a variable, as a process that shows it nowhere', async () => {
    const args = [
      'user',
      'create',
      '--email',
      'sam@yard.test',
      '--password-env',
      'SECRET',
      '--name',
      'Sam van Yard',
    ]
    const env = { DATABASE_URL: clone.url, SECRET: secret }
    const process = startProcess({ program: 'apps/api/src/commands/admin.ts', args, env })
    expect((await process.exited).code).toBe(0)
    const said = process.lines.map(({ text }) => text).join('\n')
    expect(said).toContain('is sam@yard.test.')
    expect(said).not.toMatch(/good password|scrypt/)
    const found = await findUserByEmail(database.orm, 'sam@yard.test')
    expect(found?.user).toMatchObject({ firstName: 'Sam', lastName: 'van Yard', roles: [], integrations: [] })
    expect(await verifyPassword(found?.passwordHash ?? '', secret)).toBe(true)
  })

  it('makes a user without a password', async () => {
    expect((await created('no@yard.test')).exitCode).toBe(0)
    expect(await findUserByEmail(database.orm, 'no@yard.test')).toMatchObject({ passwordHash: null })
  })

  it.each([
    ['--email a@yard.test --password-stdin', '\n', 'Standard input holds no password.'],
    ['--email a@yard.test --password-env NOT_SET', '', 'The variable NOT_SET holds no password.'],
    ['--email a@yard.test --password-env SHORT', '', 'A password has from 8 to 1024 characters.'],
    ['--email a@yard.test --password-env LONG', '', 'A password has from 8 to 1024 characters.'],
    ['--email a@yard.test --password-env ODD', '', 'A password is one line without control characters.'],
    ['--email PAT@yard.test', '', 'There is a user PAT@yard.test already.'],
    [
      '--email a@yard.test --integration 13',
      '',
      'There is no integration 13. Make it first: integration put --id 13 --name <text>',
    ],
  ])('refuses %s after %j', async (line, given, note) => {
    expect(await admin(`user create ${line}`, given)).toEqual({ exitCode: 1, note })
    expect(await findUserByEmail(database.orm, 'a@yard.test')).toBeUndefined()
  })
})

describe('the commands for users', () => {
  it('grant adds to what a user has', async () => {
    await created('grant@yard.test', '--role client')
    const line = 'user grant --email GRANT@yard.test --role client --role employee --integration 12'
    const note = 'grant@yard.test has roles: client, employee; integrations: 12.'
    expect(await admin(line)).toEqual({ exitCode: 0, note })
    expect(await admin(line)).toEqual({ exitCode: 0, note })
    expect(await admin('user grant --email grant@yard.test --integration 13')).toMatchObject({ exitCode: 1 })
    expect(await admin('user grant --email nobody@yard.test --role client')).toEqual({
      exitCode: 1,
      note: 'There is no user nobody@yard.test.',
    })
  })

  it('revoke takes from what a user has', async () => {
    await created('revoke@yard.test', '--role client --role employee --integration 12')
    const line = 'user revoke --email REVOKE@yard.test --role client --role liaison'
    const note = 'revoke@yard.test has roles: employee; integrations: 12.'
    expect(await admin(line)).toEqual({ exitCode: 0, note })
    expect(await admin(line)).toEqual({ exitCode: 0, note })
    expect(
      await admin('user revoke --email revoke@yard.test --role employee --integration 12 --integration 13'),
    ).toEqual({ exitCode: 0, note: 'revoke@yard.test has roles: none; integrations: none.' })
    expect((await findUserByEmail(database.orm, 'revoke@yard.test'))?.user).toMatchObject({
      roles: [],
      integrations: [],
    })
    expect(await admin('user revoke --email nobody@yard.test --role client')).toEqual({
      exitCode: 1,
      note: 'There is no user nobody@yard.test.',
    })
  })

  it('disable takes the password away and ends the sessions', async () => {
    await created('disable@yard.test', '--password-stdin --role client')
    const { user, passwordHash } = await found('disable@yard.test')
    const wanted = { userId: user.id, passwordHash, application: 'planoauth', remembered: true }
    const made = await createSession(database.orm, wanted)
    const line = 'user disable --email DISABLE@yard.test'
    expect(await admin(line)).toEqual({
      exitCode: 0,
      note: 'DISABLE@yard.test has no password any more. Sessions that were ended: 1.',
    })
    expect(await findSession(database.orm, hashToken(made?.token ?? ''))).toBeUndefined()
    expect(await findUserByEmail(database.orm, 'disable@yard.test')).toMatchObject({
      passwordHash: null,
      user: { roles: ['client'] },
    })
    expect((await admin(line)).note).toContain('Sessions that were ended: 0.')
    expect(await admin('user disable --email nobody@yard.test')).toMatchObject({ exitCode: 1 })
  })

  it('a login that was checked with the old password makes no session after it is gone', async () => {
    await created('late@yard.test', '--password-stdin')
    const { user, passwordHash } = await found('late@yard.test')
    const logIn = () =>
      createSession(database.orm, { userId: user.id, passwordHash, application: 'x', remembered: true })
    expect(await logIn()).toMatchObject({ token: expect.stringMatching(/^wbs_/) })
    await admin('user set-password --email late@yard.test --password-env SECRET')
    expect(await logIn()).toBeUndefined()
    await admin('user disable --email late@yard.test')
    expect(await logIn()).toBeUndefined()
  })

  it('set-password replaces the password and ends the sessions, session revoke ends them alone', async () => {
    await created('end@yard.test', '--password-stdin')
    const logIn = async () => {
      const { user, passwordHash } = await found('end@yard.test')
      const wanted = { userId: user.id, passwordHash, application: 'planoauth', remembered: true }
      return (await createSession(database.orm, wanted)) ?? { token: '' }
    }
    const lives = async (token: string) => (await findSession(database.orm, hashToken(token))) !== undefined

    const first = await logIn()
    expect(await lives(first.token)).toBe(true)
    expect(await admin('user set-password --email end@yard.test --password-env SECRET')).toMatchObject({
      exitCode: 0,
    })
    expect(await lives(first.token)).toBe(false)
    expect(await verifyPassword((await found('end@yard.test')).passwordHash, secret)).toBe(true)

    const tokens = [(await logIn()).token, (await logIn()).token]
    expect(await admin('session revoke --user-email end@yard.test')).toEqual({
      exitCode: 0,
      note: 'Sessions of end@yard.test that were ended: 2.',
    })
    expect(await Promise.all(tokens.map(lives))).toEqual([false, false])
    for (const line of ['session revoke --user-email', 'user set-password --password-env SECRET --email'])
      expect(await admin(`${line} nobody@yard.test`)).toMatchObject({ exitCode: 1 })
  })

  it('list shows every user and no hash', async () => {
    await created('list@yard.test', '--password-stdin --name Pat --role liaison --integration 12')
    const { exitCode, out } = await admin('user list')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^ID +EMAIL +NAME +ROLES +INTEGRATIONS +PASSWORD +CREATED\n/)
    expect(out).toMatch(/^\d+ +list@yard\.test +Pat +liaison +12 +yes +\d{4}-\S+Z$/m)
    expect(out).toMatch(/^\d+ +no@yard\.test +- +- +- +no +\d{4}-\S+Z$/m)
    expect(out).not.toContain('scrypt')
  })

  it('leave a line in the audit log for every change', async () => {
    const rows =
      await database.sql`SELECT DISTINCT action FROM audit_log WHERE actor = 'operator' ORDER BY action`
    expect(rows.map(({ action }) => action)).toEqual([
      'sessions.ended',
      'user.created',
      'user.disabled',
      'user.granted',
      'user.password-set',
      'user.revoked',
    ])
  })
})

describe('the commands for routes', () => {
  it('take a route or a service out of service and into it, and list them', async () => {
    const path = '/api/v1/webhook_jobs/index'
    expect(await admin(`route undeploy --path ${path}`)).toEqual({
      exitCode: 0,
      note: `The route ${path} is out of service.`,
    })
    expect(await admin('service undeploy --name planoauth')).toMatchObject({ exitCode: 0 })
    const { out } = await admin('route list')
    expect(out).toMatch(/^ROUTE +DEPLOYED +SERVICE +SERVICE DEPLOYED\n/)
    expect(out).toMatch(new RegExp(`^${path} +- +planocore +\\d{4}-\\S+Z$`, 'm'))
    expect(out).toMatch(/^\/api\/v1\/sessions\/create +\d{4}-\S+Z +planoauth +-$/m)
    await admin(`route deploy --path ${path}`)
    await admin('service deploy --name planoauth')
    const routes = await listRoutes(database.orm)
    expect(routes.filter((route) => !route.deployedAt || !route.serviceDeployedAt)).toEqual([])
  })

  it('refuse what there is no record of', async () => {
    expect(await admin('route deploy --path /nope')).toEqual({
      exitCode: 1,
      note: 'There is no route /nope; see: route list',
    })
    expect(await admin('service undeploy --name nope')).toMatchObject({ exitCode: 1 })
  })
})
