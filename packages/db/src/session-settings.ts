/**
 * What every session is opened with, so that no setting of the database or the role stands behind it: the client reads
 * dates and bytes as these say, a statement at read committed sees what others have committed, and a pool's connections may
 * idle. As texts: postgres.js leaves out whatever is falsy.
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  DateStyle: 'ISO',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  default_transaction_isolation: 'read committed',
  idle_session_timeout: '0',
  // Compiling a statement over many partitions takes longer than most of them run.
  jit: 'off',
}
