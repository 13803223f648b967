import type { IncomingMessage } from 'node:http'
import { registerClient, type ClientProfile, type SessionRecord, type Storage } from '@waybill/db'
import type { Logger } from '@waybill/runtime'
import { askStorage } from '../../http/ask-storage.ts'
import type { Answer } from '../../http/send-answer.ts'
import { envelope, PlanomaticRefusal } from '../envelope.ts'
import type { ParamReader } from '../param-reader.ts'
import { findLivingSession, findToken, isSessionToken, type CallerDeps } from './find-caller.ts'
import { readLine } from './read-line.ts'
import { sessionJson, userJson } from './session-json.ts'

export type ClientRegisterDeps = CallerDeps & {
  storage: Pick<Storage, 'orm' | 'suspect'>
  logger: Pick<Logger, 'info'>
}

/** `POST /api/v1/users/client_register`: makes the user of a session a client, once or again. */
export async function clientRegister(
  deps: ClientRegisterDeps,
  params: ParamReader,
  request: IncomingMessage,
): Promise<Answer> {
  const token = params.required('token')
  if (token === '') params.finish()
  const session = await findSessionOf(deps, request, token)
  const profile = readProfile(params)
  params.finish()
  const { storage, logger } = deps
  const userId = session.user.id
  const registered = registerClient(storage.orm, `user:${userId}`, userId, profile)
  const user = await askStorage(storage, registered)
  if (!user) throw new PlanomaticRefusal('invalid-token')
  logger.info('user.registered', { user: userId, session: session.id })
  const data = { user: userJson(user), session: sessionJson({ ...session, user }, token) }
  return envelope('action-successful', { data })
}

/** Applications have no user who could become a client. */
async function findSessionOf(
  deps: ClientRegisterDeps,
  request: IncomingMessage,
  token: string,
): Promise<SessionRecord> {
  if (isSessionToken(token)) return findLivingSession(deps, request, token)
  await findToken(deps, deps.tokens, request, token)
  throw new PlanomaticRefusal('invalid-param', [{ attr: 'token', message: 'must be the token of a session' }])
}

const names = {
  firstName: 'first_name',
  lastName: 'last_name',
  phone: 'phone',
  company: 'company',
} as const satisfies Record<keyof ClientProfile, string>

/** What is absent or empty stays as it is. */
function readProfile(params: ParamReader): ClientProfile {
  const profile: ClientProfile = {}
  for (const [member, attr] of Object.entries(names)) {
    const text = readLine(params, attr)
    if (text !== undefined) profile[member as keyof ClientProfile] = text
  }
  return profile
}
