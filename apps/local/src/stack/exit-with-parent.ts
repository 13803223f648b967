/**
 * Preloaded into the stack, api and worker. Their standard input is a pipe that the process which started them holds open
 * and never writes to; when it ends that process is gone, and they stop as at a SIGTERM instead of living on.
 */
const lastResortMs = 120_000

// A broken pipe closes as well, so one event is enough: a second signal would cut the ending short.
process.stdin.on('error', () => {})
process.stdin.once('close', endWithParent)
process.stdin.resume()
// Watching must not keep a process alive that has nothing else to do.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref()

function endWithParent(): void {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), lastResortMs).unref()
}

export {}
