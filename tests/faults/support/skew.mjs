// Preloaded with --import: a wall clock that is wrong by SKEW_MS, from SKEW_AFTER_MS of the process' life on. The
// monotonic clock is left alone, as it is when somebody sets a machine's date.
const skewMs = Number(process.env.SKEW_MS ?? 0)
const afterMs = Number(process.env.SKEW_AFTER_MS ?? 0)
const RealDate = Date
const offset = () => (performance.now() >= afterMs ? skewMs : 0)
const now = () => RealDate.now() + offset()

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now())
    else super(...args)
  }
  static now() {
    return now()
  }
}
