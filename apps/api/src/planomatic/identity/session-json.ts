import type { SessionRecord, UserRecord } from '@waybill/db'

/** A session as its holder sees it. `token` is the one they sent or are sent; it is stored nowhere. */
export function sessionJson(
  { expiresAt, remembered, application, user }: Omit<SessionRecord, 'id' | 'isOver' | 'useIsOld'>,
  token: string,
) {
  const { id, email, firstName, lastName, roles } = user
  return {
    token,
    expires_at: expiresAt?.toISOString() ?? null,
    remember_me: remembered,
    application,
    user: { id, email, first_name: firstName, last_name: lastName, roles },
    scoped_integrations: user.integrations,
  }
}

export function userJson({ id, email, firstName, lastName, phone, company, roles }: UserRecord) {
  return { id, email, first_name: firstName, last_name: lastName, phone, company, roles }
}
