/** The other half of B: a BullMQ worker that signs every job's body and posts it with undici. */
import { createHmac } from 'node:crypto'
import { Worker } from 'bullmq'
import { Pool } from 'undici'
import { serveCommands } from '../support/serve-commands.ts'
import { plainQueue, plainRedis } from './plain-queue.ts'
import type { PlainJob } from './plain-queue.ts'

const concurrency = 64
const secret = Buffer.alloc(32, 7)

serveCommands({
  start: async (subscriber: string) => {
    const { origin, pathname } = new URL(subscriber)
    const pool = new Pool(origin, { connections: concurrency, pipelining: 1 })
    const worker = new Worker<PlainJob>(
      plainQueue,
      async ({ data }) => {
        const body = JSON.stringify(data.body)
        const timestamp = String(Math.floor(Date.now() / 1000))
        const signature = createHmac('sha256', secret)
          .update(`${data.id}.${timestamp}.${body}`)
          .digest('base64')
        const response = await pool.request({
          path: pathname,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'webhook-id': data.id,
            'webhook-timestamp': timestamp,
            'webhook-signature': `v1,${signature}`,
          },
          body,
        })
        await response.body.dump()
        if (response.statusCode >= 300) throw new Error(`the subscriber answered ${response.statusCode}`)
      },
      { connection: plainRedis(), concurrency },
    )
    await worker.waitUntilReady()
  },
})
