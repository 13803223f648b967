import type { Dispatcher } from 'undici'
import { classifyError } from './classify-error.ts'
import { EgressError } from './egress-error.ts'
import type { EgressErrorCode, EgressPhase } from './egress-error.ts'
import type { Dial } from './guarded-connect.ts'

/** What came of a request. A response is one as soon as its status line and headers were read, whatever its body did. */
export type SendOutcome =
  | {
      kind: 'response'
      status: number
      /** Names in lower case; repeated ones joined by a comma. */
      headers: Record<string, string>
      /** At most 16 KiB, as they came: nothing is decompressed. */
      body: Buffer
      bodyTruncated: boolean
      /** Milliseconds from `send` to the outcome. */
      ms: number
    }
  | { kind: 'error'; code: EgressErrorCode; phase: EgressPhase; ms: number; message: string }

/** How an exchange left its connection: fit for another one, to be dropped, or never touched. */
export type ConnectionFate = 'reusable' | 'broken' | 'untouched'

/** Bytes of a body that are kept. */
export const BODY_LIMIT = 16_384
/** Milliseconds a body may take after the headers, if the deadline leaves them. */
const BODY_MS = 2_000

type Controller = Dispatcher.DispatchController

/** One request and its answer, told by undici, ended by the answer, a failure, or the one deadline. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly request: Dispatcher.DispatchOptions
  /** Set while a connection works on this exchange. */
  dial: Dial | undefined
  settled = false
  /** Whether bytes may have been sent: from here on nothing may be sent again. */
  started = false
  resends = 0
  readonly #resolve: (outcome: SendOutcome) => void
  readonly #timeoutMs: number
  readonly #startedAt: number
  #release: (fate: ConnectionFate) => void = () => {}
  #timer: NodeJS.Timeout
  #controller: Controller | undefined
  #status = 0
  #headers: Record<string, string> = {}
  #chunks: Buffer[] = []
  #size = 0

  constructor(
    request: Dispatcher.DispatchOptions,
    timeoutMs: number,
    resolve: (outcome: SendOutcome) => void,
  ) {
    this.request = request
    this.#timeoutMs = timeoutMs
    this.#resolve = resolve
    this.#startedAt = performance.now()
    // Node keeps timers of one duration in one list, so this costs about a microsecond, not a heap operation.
    this.#timer = setTimeout(onDeadline, timeoutMs, this)
  }

  /** Gives it a connection, or a place in a queue, and tells how to leave it. */
  assign(dial: Dial | undefined, release: (fate: ConnectionFate) => void): void {
    this.dial = dial
    this.#release = release
  }

  onRequestStart(controller: Controller): void {
    if (this.settled) return controller.abort(new Error('settled before it was sent'))
    this.#controller = controller
    this.started = true
  }

  onResponseStart(_controller: Controller, status: number, headers: Record<string, unknown>): void {
    if (status < 200 || this.settled) return // an interim answer is no answer
    this.#status = status
    this.#headers = flatten(headers)
    clearTimeout(this.#timer)
    const left = this.#timeoutMs - this.#ms()
    this.#timer = setTimeout(onBodyDeadline, Math.max(0, Math.min(BODY_MS, left)), this)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.settled) return
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size > BODY_LIMIT) this.#cut()
  }

  onResponseEnd(): void {
    if (this.settled) return
    this.#settle(this.#response(false))
    this.#release('reusable')
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.settled) return
    // Nothing was sent and it was not connecting that failed: an idle connection had gone. Only this is tried again.
    if (!this.started && this.resends === 0 && !(error instanceof EgressError) && isGone(error)) {
      this.resends += 1
      return this.#release('untouched')
    }
    const { code, phase } = classifyError(error, this.phase())
    // The status line decides, except where the body shows that this was not HTTP.
    if (this.#status !== 0 && !isViolation(error)) this.#settle(this.#response(true))
    else this.#settle(this.#failure(code, phase, error.message || code))
    this.#release('broken')
  }

  /** Ends it without an answer. */
  fail(code: EgressErrorCode, phase: EgressPhase, message: string): void {
    if (this.settled) return
    this.#settle(this.#failure(code, phase, message))
    this.#abort()
  }

  /** Where it is now. Bytes that the kernel has not taken yet are still being sent. */
  phase(): EgressPhase {
    if (!this.started) return this.dial?.phase ?? 'connect'
    return (this.dial?.socket?.writableLength ?? 0) > 0 ? 'send' : 'response'
  }

  expire(): void {
    this.fail('timeout', this.phase(), `no answer within ${this.#timeoutMs} ms`)
  }

  /** Takes what there is of the body as the response. */
  cutBody(): void {
    if (!this.settled) this.#cut()
  }

  #cut(): void {
    this.#settle(this.#response(true))
    this.#abort()
  }

  #abort(): void {
    this.#controller?.abort(new Error('settled'))
    this.#release('broken')
  }

  #response(bodyTruncated: boolean): SendOutcome {
    const body = Buffer.concat(this.#chunks, Math.min(this.#size, BODY_LIMIT))
    return {
      kind: 'response',
      status: this.#status,
      headers: this.#headers,
      body,
      bodyTruncated,
      ms: this.#ms(),
    }
  }

  #failure(code: EgressErrorCode, phase: EgressPhase, message: string): SendOutcome {
    return { kind: 'error', code, phase, ms: this.#ms(), message }
  }

  #settle(outcome: SendOutcome): void {
    this.settled = true
    clearTimeout(this.#timer)
    this.#chunks = []
    this.#resolve(outcome)
  }

  #ms(): number {
    return Math.round(performance.now() - this.#startedAt)
  }
}

const onDeadline = (exchange: Exchange): void => exchange.expire()
const onBodyDeadline = (exchange: Exchange): void => exchange.cutBody()

function flatten(headers: Record<string, unknown>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    flat[name] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return flat
}

/** What a socket says that closed while it was idle. */
function isGone({ code }: Error & { code?: string }): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}

/** The parser refused the body, rather than the body ending early. (undici 7 sets no code on these errors.) */
function isViolation({ name, message }: Error): boolean {
  return name === 'HTTPParserError' && !message.includes('Invalid EOF state')
}
