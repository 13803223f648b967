import type { MasterKeys, Storage } from '@waybill/db'
import type { PublicIds } from '@waybill/domain'
import type { Logger } from '@waybill/runtime'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'

export type WebhookDeps = {
  storage: Pick<Storage, 'read' | 'orm'>
  keys: MasterKeys
  publicIds: PublicIds
  urlRules: UrlRules
  logger: Pick<Logger, 'info'>
}
