/** No request was made, for a reason of this process' own: that is no attempt, and the delivery is due as it was. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  readonly code: OwnFailure

  constructor(code: OwnFailure, message: string) {
    super(message)
    this.code = code
  }
}

/** Those of the sender's codes that say nothing about the endpoint. */
type OwnFailure = 'sender_closed' | 'sender_exhausted'

export const isOwnFailure = (code: string): code is OwnFailure =>
  code === 'sender_closed' || code === 'sender_exhausted'

/** How long who could not send keeps its slot, in ms, so that what is lacking is not asked for all the time. */
export const notSentPauseMs = 1_000
