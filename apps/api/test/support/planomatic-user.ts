import { createUser, type UserRole } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'
import supertest from 'supertest'
import { hashPassword } from '../../src/planomatic/identity/hash-password.ts'
import { ours, type TestApi } from './start-test-api.ts'

export const password = 'correct horse battery staple'

const hashed = new Map<string, Promise<string>>()
let users = 0

export type AnyUser = {
  roles?: UserRole[]
  integrations?: IntegrationId[]
  password?: string | null
  email?: string
}

/** A user, by default a client of integration 12 with {@link password}. */
export async function makeUser(api: TestApi, change: AnyUser = {}) {
  const email = change.email ?? `Pat.${(users += 1)}@yard.example.com`
  const id = await createUser(api.database.orm, 'test', {
    email,
    firstName: 'Pat',
    lastName: 'Yard',
    passwordHash: change.password === null ? null : await hashOnce(change.password ?? password),
    roles: change.roles ?? ['client'],
    integrations: change.integrations ?? [ours],
  })
  if (id === 'email_taken') throw new Error('the test made this user already')
  return { id, email }
}

function hashOnce(clear: string): Promise<string> {
  const hash = hashed.get(clear) ?? hashPassword(clear)
  hashed.set(clear, hash)
  return hash
}

/** Sends parameters as the sensitive calls want them. */
export const sendSensitive = (api: TestApi, path: string, params: unknown) =>
  sendText(api, path, Buffer.from(JSON.stringify(params)).toString('base64'))

export const sendText = (api: TestApi, path: string, body: string, type = 'text/plain') =>
  supertest(api.url)
    .post(path)
    .set('Content-Type', type)
    .serialize((raw: string) => raw)
    .send(body)

export const logIn = (api: TestApi, email: string, change: Record<string, unknown> = {}) =>
  sendSensitive(api, '/api/v1/sessions/create', { email, password, application: 'planoauth', ...change })

/** The token of a new session. */
export async function sessionFor(api: TestApi, email: string, change: Record<string, unknown> = {}) {
  const { body } = await logIn(api, email, change)
  return body.data.session.token as string
}

/** Moves a user's sessions into the past, as the database sees it. */
export async function ageSessions(
  api: TestApi,
  userId: number,
  hours: { created?: number; used?: number },
): Promise<void> {
  const { created = 0, used = 0 } = hours
  await api.database.sql`
    UPDATE sessions SET created_at = now() - make_interval(hours => ${created}::int),
      used_at = now() - make_interval(hours => ${used}::int)
    WHERE user_id = ${userId}::int`
}
