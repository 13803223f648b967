/** The order system: a process of its own that posts over keep-alive connections, the next when the last is answered. */
import { Pool } from 'undici'
import { triggerTemplate, writeMark } from './make-trigger.ts'
import { serveCommands, sharedNow } from './serve-commands.ts'

export type Load = {
  origin: string
  headers: Record<string, string>
  integration: number
  body: '1k' | '7k'
  connections: number
  /** The marks posted are `from` … `from + count - 1`. */
  from: number
  count: number
}

export type LoadResult = {
  /** By mark: when its request was begun, and how long its answer took, in ms. */
  sentAt: Float64Array
  answeredMs: Float64Array
  /** The ids answered with 202, in no order. */
  accepted: string[]
  /** What else came back, with how often. */
  refused: Map<string, number>
}

async function run(load: Load): Promise<LoadResult> {
  const { before, after } = triggerTemplate(load.body, load.integration, new Date().toISOString())
  const headers = { ...load.headers, 'content-type': 'application/json' }
  const result: LoadResult = {
    sentAt: new Float64Array(load.count),
    answeredMs: new Float64Array(load.count),
    accepted: [],
    refused: new Map(),
  }
  const pool = new Pool(load.origin, { connections: load.connections, pipelining: 1 })
  let next = 0
  const post = async (): Promise<void> => {
    for (let i = next++; i < load.count; i = next++) {
      const at = sharedNow()
      result.sentAt[i] = at
      const body = before + writeMark(load.from + i) + after
      const answer = await send(pool, headers, body)
      result.answeredMs[i] = sharedNow() - at
      if (answer.id === undefined) result.refused.set(answer.why, (result.refused.get(answer.why) ?? 0) + 1)
      else result.accepted.push(answer.id)
    }
  }
  await Promise.all(Array.from({ length: load.connections }, post))
  await pool.close()
  return result
}

type Answer = { id: string } | { id: undefined; why: string }

async function send(pool: Pool, headers: Record<string, string>, body: string): Promise<Answer> {
  try {
    const response = await pool.request({ path: '/v1/triggers', method: 'POST', headers, body })
    const text = await response.body.text()
    if (response.statusCode === 202) return { id: (JSON.parse(text) as { id: string }).id }
    return { id: undefined, why: `${response.statusCode} ${text.slice(0, 200)}` }
  } catch (error) {
    return { id: undefined, why: String(error) }
  }
}

serveCommands({ run })
