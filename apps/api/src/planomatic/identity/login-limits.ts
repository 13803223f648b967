import { createFailureLimit } from '../../http/failure-limit.ts'
import { PlanomaticRefusal, PlanomaticTooMany } from '../envelope.ts'

export type LoginLimits = {
  /** Runs `check` unless there were too many failures; counts it as one when it throws a refusal. */
  guard<T>(address: string, email: string, check: () => Promise<T>): Promise<T>
}

const windowMs = 15 * 60_000
/** An account belongs to one person, an address may be an office or a proxy. */
const perAccount = 10
const perAddress = 100

/** Failed logins by the account they were for and by the address they came from. */
export function createLoginLimits(monotonic: () => number): LoginLimits {
  const accounts = createFailureLimit({ most: perAccount, windowMs, monotonic })
  const addresses = createFailureLimit({ most: perAddress, windowMs, monotonic })
  return {
    guard: async (address, email, check) => {
      const account = email.toLowerCase()
      const addressWaits = addresses.take(address)
      if (addressWaits !== undefined) throw new PlanomaticTooMany('invalid-password', addressWaits)
      const accountWaits = accounts.take(account)
      if (accountWaits !== undefined) throw new PlanomaticTooMany('invalid-password', accountWaits)
      const giveBack = (): void => {
        addresses.giveBack(address)
        accounts.giveBack(account)
      }
      try {
        const result = await check()
        giveBack()
        return result
      } catch (error) {
        if (!(error instanceof PlanomaticRefusal)) giveBack()
        throw error
      }
    },
  }
}
