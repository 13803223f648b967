import { performance, type EventLoopUtilization } from 'node:perf_hooks'

/** Each call tells the part of the time since the one before that this process was at work, 0 to 1. */
export function eventLoopMeter(): () => number {
  let before: EventLoopUtilization = performance.eventLoopUtilization()
  return () => {
    const after = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(after, before)
    before = after
    return utilization
  }
}

/** The part of its time that a process may be at work before what is slow may be slow because of it. */
const mostAtWork = 0.8
const lookEveryMs = 200

/** True unless this process was at work nearly all the time lately: then slow requests say nothing about their endpoints. */
export function createKeepsUp(): () => boolean {
  const utilization = eventLoopMeter()
  let lookedAt = -Infinity
  let keepsUp = true
  return () => {
    const at = performance.now()
    if (at - lookedAt < lookEveryMs) return keepsUp
    lookedAt = at
    keepsUp = utilization() <= mostAtWork
    return keepsUp
  }
}
