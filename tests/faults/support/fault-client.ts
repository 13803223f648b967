import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { callOnce, type Call, type ClientKind, type Urls } from './call-once.ts'
import { openLedgerFile } from './ledger-file.ts'

/** What became of one trigger the client wanted accepted. `unknown`: cut off, timed out or 5xx; it may be stored. */
export type Intent = {
  key: string
  order: string
  /** Where the order is; undefined: nowhere in particular. */
  facility: string | undefined
  body: string
  state: 'unknown' | 'accepted' | 'rejected'
  /** Ids of all 202 answers: more than one distinct id would be a defect. */
  ids: Set<string>
}

export type PostOptions = {
  /** Calls under way at once; default 10. */
  atOnce?: number
  /** Triggers a second over all of them; default as fast as it goes. */
  rate?: number
  /** Goes on until this says stop, instead of a number. */
  until?: () => boolean
  /** Fields over those of the usual body. */
  body?: Record<string, unknown>
  /** Default `fetch`. */
  as?: ClientKind
  /** Told after every answer. */
  onAnswered?: (answered: number) => void
}

export type FaultClient = {
  intents: Map<string, Intent>
  calls: Call[]
  /** From now on the orders are at these facilities by turns. */
  spreadOver(facilities: readonly string[]): void
  post(n: number, options?: PostOptions): Promise<void>
  /** Sends what is unknown again with its key until every answer is certain. Throws after `timeoutMs`. */
  replayUnknown(timeoutMs?: number): Promise<void>
  accepted(): Intent[]
  close(): Promise<void>
}

/**
 * The order system: writes what it intends to ledger A before it posts, and what it was told afterwards. See {@link ClientKind} for how
 * it finds an api.
 */
export async function openFaultClient(options: {
  urls: Urls
  token: string
  ledger: string
  name: string
}): Promise<FaultClient> {
  const ledger = await openLedgerFile(options.ledger)
  const intents = new Map<string, Intent>()
  const calls: Call[] = []
  let facilities: readonly string[] = []
  let serial = 0
  let closed = false

  const send = async (intent: Intent, as: ClientKind = 'fetch'): Promise<void> => {
    const call = await callOnce(options.urls, options.token, intent, as)
    calls.push(call.call)
    await ledger.add({ ack: intent.key, status: call.call.status, id: call.id, error: call.call.error })
    if (call.id !== undefined) {
      intent.ids.add(call.id)
      intent.state = 'accepted'
    } else if (call.call.status >= 400 && call.call.status < 500 && call.call.status !== 429) {
      intent.state = 'rejected'
    }
  }
  const postNew = async (body: Record<string, unknown>, as?: ClientKind): Promise<void> => {
    serial += 1
    const order = `${options.name}-${serial}`
    const site = facilities[serial % facilities.length]
    const whole = { ...triggerBody(order), ...(site === undefined ? {} : { facility_id: site }), ...body }
    const text = JSON.stringify(whole)
    const at = body['facility_id'] ?? site
    const intent: Intent = {
      key: `key-${order}`,
      order,
      facility: typeof at === 'string' ? at : undefined,
      body: text,
      state: 'unknown',
      ids: new Set(),
    }
    intents.set(intent.key, intent)
    await ledger.add({ intent: intent.key, order, hash: createHash('sha256').update(text).digest('hex') })
    await send(intent, as)
  }

  return {
    intents,
    calls,
    spreadOver: (sites) => void (facilities = sites),
    post: async (n, { atOnce = 10, rate, until, body = {}, as, onAnswered = () => {} } = {}) => {
      let begun = 0
      let answered = 0
      const startedAt = performance.now()
      const goesOn = () => !closed && (until ? !until() : true) && begun < n
      const one = async () => {
        while (goesOn()) {
          begun += 1
          const ahead = rate ? (begun / rate) * 1_000 - (performance.now() - startedAt) : 0
          if (ahead > 0) await pause(ahead)
          await postNew(body, as)
          answered += 1
          onAnswered(answered)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, one))
    },
    replayUnknown: async (timeoutMs = 60_000) => {
      const giveUpAt = performance.now() + timeoutMs
      for (;;) {
        const unknown = [...intents.values()].filter((intent) => intent.state === 'unknown')
        if (unknown.length === 0) return
        if (performance.now() > giveUpAt) throw new Error(`${unknown.length} intents got no certain answer`)
        for (let i = 0; i < unknown.length; i += 10)
          await Promise.all(unknown.slice(i, i + 10).map((intent) => send(intent)))
        await pause(100)
      }
    },
    accepted: () => [...intents.values()].filter((intent) => intent.state === 'accepted'),
    close: async () => {
      closed = true
      await ledger.close()
    },
  }
}

const triggerBody = (order: string) => ({
  integration_id: 12,
  kind: 'order_status',
  name: 'scheduled',
  order_id: order,
  // As order systems send it: fresh, by a clock that is right.
  occurred_at: new Date().toISOString(),
  order: { property_info: { address: { street: `${order} Elm Rd`, city: 'Boulder' } } },
})
