/** Order systems that post on a schedule, whether answers come or not, in a process of their own. */
import { setTimeout as pause } from 'node:timers/promises'
import { createSemaphore } from '@waybill/runtime'
import { Pool } from 'undici'
import { triggerTemplate, writeMark } from './make-trigger.ts'
import { serveCommands, sharedNow } from './serve-commands.ts'

/** Triggers that come evenly, at each of the facilities in turn; no more than `most`. */
export type Stream = { integration: number; facilities: string[]; perSecond: number; most?: number }

export type OpenLoad = {
  origin: string
  headers: Record<string, string>
  streams: Stream[]
  seconds: number
  /** The first mark; the others follow in the order of their times. */
  from: number
  /** Requests under way at once, the others wait on this side; default 128. */
  connections?: number
}

/** By mark less `from`; all times on the clock of `sharedNow`, in ms. */
export type OpenResult = {
  /** When it was to be posted, which is when its latency begins. */
  dueAt: Float64Array
  /** When there was a connection for it, which is later where they are too few. */
  sentAt: Float64Array
  answeredAt: Float64Array
  stream: Int32Array
  /** 1 where it was not accepted. */
  isRefused: Uint8Array
  accepted: string[]
  /** By status and code, with how often. */
  refused: Map<string, number>
}

type Planned = { stream: number; afterMs: number; facility: string }

function plan({ streams, seconds }: OpenLoad): Planned[] {
  const all = streams.flatMap(({ perSecond, facilities, most = Infinity }, stream) =>
    Array.from({ length: Math.min(most, Math.floor(perSecond * seconds)) }, (_, i) => ({
      stream,
      afterMs: (i * 1_000) / perSecond,
      facility: facilities[i % facilities.length] ?? '',
    })),
  )
  return all.sort((a, b) => a.afterMs - b.afterMs)
}

async function run(load: OpenLoad): Promise<OpenResult> {
  const planned = plan(load)
  const headers = { ...load.headers, 'content-type': 'application/json' }
  const body = bodies(load)
  const { connections = 128 } = load
  const pool = new Pool(load.origin, { connections, pipelining: 1 })
  const free = createSemaphore(connections)
  const result: OpenResult = {
    dueAt: new Float64Array(planned.length),
    sentAt: new Float64Array(planned.length),
    answeredAt: new Float64Array(planned.length).fill(Number.NaN),
    stream: Int32Array.from(planned, ({ stream }) => stream),
    isRefused: new Uint8Array(planned.length),
    accepted: [],
    refused: new Map(),
  }
  const post = async (i: number, one: Planned): Promise<void> => {
    await free.acquire()
    result.sentAt[i] = sharedNow()
    const why = await send(pool, headers, body(one, load.from + i), result)
    free.release()
    result.answeredAt[i] = sharedNow()
    if (why === undefined) return
    result.isRefused[i] = 1
    result.refused.set(why, (result.refused.get(why) ?? 0) + 1)
  }
  const startedAt = sharedNow()
  const posts: Promise<void>[] = []
  for (const [i, one] of planned.entries()) {
    const at = startedAt + one.afterMs
    while (sharedNow() < at) await pause(at - sharedNow())
    result.dueAt[i] = at
    posts.push(post(i, one))
  }
  await Promise.all(posts)
  await pool.close()
  return result
}

function bodies({ streams }: OpenLoad): (one: Planned, mark: number) => string {
  const templates = new Map<string, ReturnType<typeof triggerTemplate>>()
  const now = new Date().toISOString()
  return ({ stream, facility }, mark) => {
    const key = `${stream} ${facility}`
    const { before, after } =
      templates.get(key) ?? triggerTemplate('1k', streams[stream]?.integration ?? 0, now, facility)
    templates.set(key, { before, after })
    return before + writeMark(mark) + after
  }
}

/** Undefined when it was accepted, else what happened. */
async function send(
  pool: Pool,
  headers: Record<string, string>,
  body: string,
  { accepted }: OpenResult,
): Promise<string | undefined> {
  try {
    const response = await pool.request({ path: '/v1/triggers', method: 'POST', headers, body })
    const text = await response.body.text()
    if (response.statusCode !== 202) return `${response.statusCode} ${codeIn(text) ?? text.slice(0, 200)}`
    accepted.push((JSON.parse(text) as { id: string }).id)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const codeIn = (text: string): string | undefined => /"code":\s*"([a-z_]+)"/.exec(text)?.[1]

serveCommands({ run })
