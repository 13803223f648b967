/** Half of B, the plain loop: what one writes first. Express takes a trigger and adds one BullMQ job for its delivery. */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Queue } from 'bullmq'
import express from 'express'
import { serveCommands } from '../support/serve-commands.ts'
import { plainQueue, plainRedis } from './plain-queue.ts'
import type { PlainJob } from './plain-queue.ts'

const queue = new Queue<PlainJob>(plainQueue, { connection: plainRedis() })
const app = express()
app.use(express.json())
app.post('/v1/triggers', (request, response, next) => {
  const id = randomUUID()
  const job = { id, body: request.body as unknown }
  queue
    .add('delivery', job, { removeOnComplete: true, removeOnFail: true })
    .then(() => response.status(202).json({ id }))
    .catch(next)
})

serveCommands({
  listen: async () => {
    await queue.waitUntilReady()
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  },
})
