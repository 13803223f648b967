import { createFailureLimit } from '../../http/failure-limit.ts'
import { PlanomaticTooMany } from '../envelope.ts'

/** A user by their id, because an address can be typed in many ways; somebody unknown by the e-mail that was sent. */
export type Account = { userId: number } | { email: string }

export type LoginLimits = {
  /** Throws when too many logins failed from this address, or to this account. Counts nothing. */
  refuse(address: string, account?: Account): void
  /** Counts a failed login. Throws when there were too many before it: then nobody is to learn that it failed. */
  count(address: string, account: Account): void
}

const windowMs = 15 * 60_000
/** An account belongs to one person, an address may be an office or a proxy. */
const perAccount = 10
const perAddress = 100

/** Failed logins by the account they were for and by the address they came from. */
export function createLoginLimits(monotonic: () => number): LoginLimits {
  const limit = (most: number) => createFailureLimit({ most, windowMs, monotonic })
  const addresses = limit(perAddress)
  const users = limit(perAccount)
  // Apart, so that invented addresses cannot push out the failures of users.
  const strangers = limit(perAccount)

  const ofAccount = (verb: 'waits' | 'count', account: Account): number | undefined =>
    'userId' in account
      ? users[verb](account.userId)
      : strangers[verb](account.email.normalize('NFKC').toLowerCase())
  return {
    refuse: (address, account) => {
      const waitMs = addresses.waits(address) ?? (account && ofAccount('waits', account))
      if (waitMs !== undefined) throw tooMany(waitMs)
    },
    count: (address, account) => {
      const addressWaitMs = addresses.count(address)
      const waitMs = addressWaitMs ?? ofAccount('count', account)
      if (waitMs !== undefined) throw tooMany(waitMs)
    },
  }
}

const tooMany = (waitMs: number) => new PlanomaticTooMany('invalid-password', waitMs)
