import type { IncomingMessage } from 'node:http'
import { createSession, findUserByEmail, type Storage, type UserRecord } from '@waybill/db'
import type { Logger } from '@waybill/runtime'
import { askStorage } from '../../http/ask-storage.ts'
import type { CallerAddress } from '../../http/caller-address.ts'
import type { Answer } from '../../http/send-answer.ts'
import { envelope, PlanomaticRefusal, type PlanomaticStatus } from '../envelope.ts'
import type { ParamReader } from '../param-reader.ts'
import { maxPassword } from './hash-password.ts'
import { isEmail } from './is-email.ts'
import { createLoginLimits, type Account } from './login-limits.ts'
import { createPasswordChecks } from './password-checks.ts'
import { readLine, readRequiredLine } from './read-line.ts'
import { sessionJson } from './session-json.ts'

export type LogInDeps = {
  storage: Pick<Storage, 'auth' | 'orm' | 'suspect'>
  logger: Pick<Logger, 'info'>
  callerAddress: CallerAddress
  monotonic: () => number
}

type Checked = { user: UserRecord; passwordHash: string }
type Login = { email: string; password: string; application: string; remembered: boolean }

/**
 * `POST /api/v1/sessions/create`, after "Sessions Create"
 * (https://planocore.planomatic.com/documentation/api/v1/sessions/create). A user without a role gets a session as well,
 * in the data of `client-required`: with it they can register.
 */
export function createLogIn(
  deps: LogInDeps,
): (params: ParamReader, request: IncomingMessage) => Promise<Answer> {
  const { storage, logger, callerAddress, monotonic } = deps
  const limits = createLoginLimits(monotonic)
  const passwordIsRight = createPasswordChecks()

  const checkLogin = async ({ email, password }: Login, address: string): Promise<Checked> => {
    limits.refuse(address)
    const found = await askStorage(storage, findUserByEmail(storage.auth, email))
    const account: Account = found ? { userId: found.user.id } : { email }
    const refuse = (): void => limits.refuse(address, account)
    const fail = (status: PlanomaticStatus): PlanomaticRefusal => {
      limits.count(address, account)
      return new PlanomaticRefusal(status)
    }
    refuse()
    if (!found) throw fail('email-not-found')
    const { user, passwordHash } = found
    if (!passwordHash) throw fail('user-has-no-password')
    if (!(await passwordIsRight(passwordHash, password, refuse))) throw fail('invalid-password')
    // Two are checked at once: a guess beside the one that reached the limit is none.
    refuse()
    return { user, passwordHash }
  }
  return async (params, request) => {
    const login = readLogin(params)
    const { application, remembered } = login
    const { user, passwordHash } = await checkLogin(login, callerAddress(request))
    const wanted = { userId: user.id, passwordHash, application, remembered }
    const made = await askStorage(storage, createSession(storage.orm, wanted))
    // Changed or taken away since it was read.
    if (!made) throw new PlanomaticRefusal('invalid-password')
    logger.info('session.created', { session: made.id, user: user.id, remembered })
    const session = sessionJson({ ...made, application, remembered, user }, made.token)
    if (user.roles.length === 0) throw new PlanomaticRefusal('client-required', [], { session })
    return envelope('action-successful', { data: { session } })
  }
}

function readLogin(params: ParamReader): Login {
  const login = {
    email: params.required('email'),
    password: readRequiredLine(params, 'password', maxPassword),
    application: readRequiredLine(params, 'application'),
    remembered: params.flag('remember_me') ?? false,
  }
  if (login.email !== '' && !isEmail(login.email)) params.invalid('email', 'must be an e-mail address')
  // For the vendor's own pages; here they change nothing.
  for (const attr of ['redirect_url', 'view', 'application_view', 'session_view'])
    readLine(params, attr, 2_000)
  params.finish()
  return login
}
