import { z } from 'zod'

const wholeNumber = (least: number, most: number, unit: string) =>
  z.string().transform((text, context) => {
    const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN
    if (number >= least && number <= most) return number
    context.addIssue({ code: 'custom', message: `must be a whole number ${unit}from ${least} to ${most}` })
    return z.NEVER
  })

/** A TCP port; 0 takes a free one. */
export const port = wholeNumber(0, 65_535, '')

/** A duration in whole milliseconds, at most 24 days, the longest a timer can be. */
export const milliseconds = wholeNumber(0, 2_147_483_647, 'of milliseconds ')

/** Texts separated by commas; blanks around them and empty ones are dropped. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

/** A switch: true, 1, yes, on or false, 0, no, off. */
export const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  if (['false', '0', 'no', 'off'].includes(word)) return false
  context.addIssue({ code: 'custom', message: 'must be true or false' })
  return z.NEVER
})

/** A key of exactly `bytes` bytes in base64 or base64url. */
export const base64Key = (bytes: number) =>
  z.string().transform((text, context) => {
    const value = text.trim()
    const key = /^[\w+/-]+={0,2}$/.test(value) ? Buffer.from(value, 'base64') : Buffer.alloc(0)
    if (key.length === bytes) return key
    context.addIssue({ code: 'custom', message: `must be ${bytes} bytes in base64` })
    return z.NEVER
  })
