/** How the receiver answers. The modes are the ways in which endpoints misbehave. */
export type FaultAnswer = {
  /** Default: 200. */
  status?: number
  headers?: Record<string, string>
  body?: string
  delayMs?: number
  mode?:
    | 'hang'
    | 'reset'
    | 'close'
    | 'reset-in-body'
    | 'half-close'
    | 'drip-head'
    | 'drip-body'
    | 'informational-flood'
    | 'answer-then-reset'
}

/** The first rule that fits a request decides; without one the answer is 200. */
export type ReceiverRule = {
  /** Exact path; absent: every path. */
  path?: string
  /** Or every path that begins like this. */
  begins?: string
  /** Only the first n requests of each webhook-id. */
  first?: number
  /** Only by chance, 0 to 1. */
  chance?: number
  answer: FaultAnswer
}

export type ReceiverProgram = {
  rules: ReceiverRule[]
  /** The signing secret of each path's requests; absent: the harness' own. */
  secrets?: Record<string, string>
}

/** One line of ledger R, written when the request had arrived and before anything was answered. */
export type ReceivedLine = {
  /** Wall clock, ms since 1970. */
  at: number
  /** Monotonic, ms. */
  mono: number
  id: string
  path: string
  /** Which request of this id it is, from 1. */
  n: number
  hash: string
  /** The values of the signature header. */
  signatures: number
  signed: boolean
  /** The webhook-timestamp, seconds since 1970. */
  timestamp: number
  /** What it is answered with; 0: not at all. */
  status: number
  order: string
}
