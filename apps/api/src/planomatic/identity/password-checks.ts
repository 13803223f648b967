import { createSemaphore } from '@waybill/runtime'
import { unavailable } from '../../http/problem.ts'
import { verifyPassword } from './hash-password.ts'

/** Each takes 32 MiB and a thread of the pool that looks names up, too. */
const atOnce = 2
const maxWaiting = 20

/** Checks passwords two at a time, so that logins cannot take all memory and threads; refuses when 20 wait already. */
export function createPasswordChecks(): (passwordHash: string, password: string) => Promise<boolean> {
  const permits = createSemaphore(atOnce)
  return async (passwordHash, password) => {
    if (permits.waiting() >= maxWaiting) throw unavailable('overloaded', 'Too many log in at once.')
    await permits.acquire()
    try {
      return await verifyPassword(passwordHash, password)
    } finally {
      permits.release()
    }
  }
}
