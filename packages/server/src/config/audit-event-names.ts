/** The events of the audit log, as docs/audit.md lists them: what may be written, and what webhooks may ask for. */
export const auditEventNames = [
  ...(['register', 'login', 'token_issued', 'eviction', 'refresh_scopes', 'refresh_repeated', 'theft'] as const),
  ...(['logout', 'logout_all', 'secret', 'secret_and_keys', 'nickname', 'delete'] as const),
  ...(['api_key_made', 'api_key_exchanged', 'api_key_ended', 'api_key_tokens'] as const),
  ...(['role', 'disable', 'enable', 'key_rotated', 'key_retired', 'key_rewrapped', 'restored', 'moved'] as const),
  ...(['login_refused', 'api_key_refused', 'secret_refused', 'forbidden', 'too_many_requests'] as const),
  'refusals_dropped',
] as const

export type AuditEventName = (typeof auditEventNames)[number]
