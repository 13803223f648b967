/** Leaves room for answering within the 2 s that a caller waits at most. */
const usualAnswerMs = 1_800

/** How many ms are left for an answer; negative when it is late. */
export type AnswerTime = () => number

/** Counts from a request's head on. Its body's time is the caller's: ask before that is read. */
export function startAnswerTime(monotonic: () => number, answerWithinMs: number = usualAnswerMs): AnswerTime {
  const arrivedAt = monotonic()
  return () => answerWithinMs - (monotonic() - arrivedAt)
}
