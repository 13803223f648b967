export type QueueErrorCode =
  'queue_not_ready' | 'queue_deadline' | 'queue_job_unreadable' | 'queue_close_forced'

/** Every error this package makes itself; those of the drivers are passed on as they are. */
export class QueueError extends Error {
  override readonly name = 'QueueError'
  readonly code: QueueErrorCode

  constructor(code: QueueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
