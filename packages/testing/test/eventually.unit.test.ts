import { expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'

it('returns the first truthy value, whatever the check threw or returned before', async () => {
  let calls = 0
  const value = await eventually(
    () => {
      calls += 1
      if (calls === 1) throw new Error('not yet')
      return calls === 2 ? undefined : `call ${calls}`
    },
    { everyMs: 1 },
  )
  expect(value).toBe('call 3')
})

it('gives up with the last failure as message and cause', async () => {
  const failure = new Error('the table is empty')
  const given = eventually(() => Promise.reject(failure), { timeoutMs: 20, everyMs: 5 })
  await expect(given).rejects.toMatchObject({
    message: expect.stringContaining('the table is empty'),
    cause: failure,
  })
})
