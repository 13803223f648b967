/** Of the slots for first attempts and of those for retries. */
export type SlotOptions = {
  /** Slots of the process. */
  total: number
  /** How many requests may go on without a slot, default twice as many. */
  slow?: number
  /** The age at which a request is slow, in ms; also how long a first attempt may wait. */
  patienceMs?: number
  /** False while requests are slow because this process is; default never. */
  keepsUp?: () => boolean
  monotonic?: () => number
}
