import { bigint, customType, timestamp } from 'drizzle-orm/pg-core'

/** A value of the number space (DESIGN "number()"): below 2^53, so a JavaScript number holds it exactly. */
export const number = (name: string) => bigint(name, { mode: 'number' })

/** Every time is an absolute instant. */
export const instant = (name: string) => timestamp(name, { withTimezone: true })

export const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })
