import { isAddress } from '@waybill/mail'

/** Whether mails are wanted, and where they go: addresses separated by commas. */
export type Notification = { notify: boolean; notificationEmails: string | null }

const maxLength = 2_000

/** What is wrong with such addresses otherwise. */
export const addressesRule = 'must be e-mail addresses separated by commas'

/** Whether a text is addresses separated by commas. */
export const areAddresses = (text: string): boolean =>
  text.length <= maxLength && text.split(',').every((part) => isAddress(part.trim()))

/**
 * Notifying takes an address. Of a subscription that is there only what a change touches counts: what was that way before is
 * not its business.
 */
export function wouldMailNobody(
  wanted: { notify?: boolean | undefined; notificationEmails?: string | null | undefined },
  before: Notification = { notify: false, notificationEmails: null },
): boolean {
  const { notify = before.notify, notificationEmails = before.notificationEmails } = wanted
  const isTouched = wanted.notify !== undefined || wanted.notificationEmails !== undefined
  return isTouched && notify && notificationEmails === null
}
