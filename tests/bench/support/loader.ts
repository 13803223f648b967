/** The order system: a process of its own that posts over keep-alive connections, the next when the last is answered. */
import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'
import { triggerTemplate, writeMark } from './make-trigger.ts'
import { serveCommands, sharedNow } from './serve-commands.ts'

export type Load = {
  origin: string
  headers: Record<string, string>
  integration: number
  body: '1k' | '7k'
  connections: number
  /** The marks posted are `from` … `from + count - 1`, or fewer when it is stopped. */
  from: number
  count: number
  /** Triggers of one call; default 1, which goes to `/v1/triggers`. */
  perCall?: number
  /** Calls a second on a schedule, whatever the answers take; without it the next follows the last's answer. */
  rate?: number
  /** Sends what was refused for being too much again, when the answer says. */
  obeys?: boolean
}

export type LoadResult = {
  /** By mark: when its request was to begin, and how long its answer took from then, in ms. */
  sentAt: Float64Array
  answeredMs: Float64Array
  /** The ids answered with 202, in no order. */
  accepted: string[]
  /** What else came back, with how often. */
  refused: Map<string, number>
  /** How often `obeys` had to wait. */
  waits: number
}

const state = { stopped: false }

async function run(load: Load): Promise<LoadResult> {
  const { count, connections, perCall = 1, rate } = load
  state.stopped = false
  const result: LoadResult = {
    sentAt: new Float64Array(count),
    answeredMs: new Float64Array(count),
    accepted: [],
    refused: new Map(),
    waits: 0,
  }
  const pool = new Pool(load.origin, { connections, pipelining: 1 })
  const call = caller(pool, load, result)
  let next = 0
  const goesOn = () => next < count && !state.stopped
  const post = async (at: number): Promise<void> => {
    const i = next
    const n = Math.min(perCall, count - i)
    next += n
    await call(load.from + i, n)
    result.sentAt.fill(at, i, i + n)
    result.answeredMs.fill(sharedNow() - at, i, i + n)
  }
  if (rate === undefined) {
    const connection = async () => {
      while (goesOn()) await post(sharedNow())
    }
    await Promise.all(Array.from({ length: connections }, connection))
  } else await keepSchedule(goesOn, post, 1_000 / rate)
  await pool.close()
  return {
    ...result,
    sentAt: result.sentAt.subarray(0, next),
    answeredMs: result.answeredMs.subarray(0, next),
  }
}

/** An open loop: a call every `everyMs`, timed from when it should have begun. */
async function keepSchedule(
  goesOn: () => boolean,
  post: (at: number) => Promise<void>,
  everyMs: number,
): Promise<void> {
  const posting: Promise<void>[] = []
  for (let at = sharedNow(); goesOn(); at += everyMs) {
    if (at > sharedNow()) await pause(at - sharedNow())
    posting.push(post(at))
  }
  await Promise.all(posting)
}

/** Posts the marks `from` … `from + n - 1` in one call and notes what was answered. */
function caller(pool: Pool, load: Load, result: LoadResult) {
  const { before, after } = triggerTemplate(load.body, load.integration, new Date().toISOString())
  const headers = { ...load.headers, 'content-type': 'application/json' }
  const one = (mark: number) => before + writeMark(mark) + after
  return async (from: number, n: number): Promise<void> => {
    const batch = load.perCall !== undefined && load.perCall > 1
    const body = batch
      ? `{"triggers":[${Array.from({ length: n }, (_, i) => one(from + i)).join(',')}]}`
      : one(from)
    for (;;) {
      const answer = await send(pool, batch ? '/v1/triggers/batch' : '/v1/triggers', headers, body)
      if (answer.ids) {
        for (const id of answer.ids) result.accepted.push(id)
        return
      }
      if (answer.waitMs === undefined || load.obeys !== true) {
        result.refused.set(answer.why, (result.refused.get(answer.why) ?? 0) + 1)
        return
      }
      result.waits += 1
      await pause(answer.waitMs)
    }
  }
}

type Answer = { ids: string[] } | { ids: undefined; why: string; waitMs: number | undefined }

async function send(
  pool: Pool,
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<Answer> {
  try {
    const response = await pool.request({ path, method: 'POST', headers, body })
    const text = await response.body.text()
    if (response.statusCode === 202) {
      const { id, ids } = JSON.parse(text) as { id?: string; ids?: string[] }
      return { ids: ids ?? [id ?? ''] }
    }
    const seconds = Number(response.headers['retry-after'] ?? Number.NaN)
    const busy = response.statusCode === 429 || response.statusCode === 503
    return {
      ids: undefined,
      why: `${response.statusCode} ${text.slice(0, 200)}`,
      waitMs: busy && seconds >= 0 ? seconds * 1_000 : undefined,
    }
  } catch (error) {
    return { ids: undefined, why: String(error), waitMs: undefined }
  }
}

serveCommands({
  run,
  /** Ends `run` after the calls under way. */
  stop: () => {
    state.stopped = true
  },
})
