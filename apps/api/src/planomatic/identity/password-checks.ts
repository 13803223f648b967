import { createSemaphore } from '@waybill/runtime'
import { unavailable } from '../../http/problem.ts'
import { verifyPassword } from './hash-password.ts'

/** `mayCheck` is called when it is this check's turn, and may throw instead of letting it happen. */
export type PasswordChecks = (
  passwordHash: string,
  password: string,
  mayCheck?: () => void,
) => Promise<boolean>

/** Each takes 32 MiB and a thread of the pool that looks names up, too. */
const atOnce = 2
const maxWaiting = 20

/** Checks passwords two at a time, so that logins cannot take all memory and threads; refuses when 20 wait already. */
export function createPasswordChecks(): PasswordChecks {
  const permits = createSemaphore(atOnce)
  return async (passwordHash, password, mayCheck) => {
    if (permits.waiting() >= maxWaiting) throw unavailable('overloaded', 'Too many log in at once.')
    await permits.acquire()
    try {
      mayCheck?.()
      return await verifyPassword(passwordHash, password)
    } finally {
      permits.release()
    }
  }
}
