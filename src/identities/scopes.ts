// What an API key may be allowed to do: a closed list, and named sets of it.

export const SCOPES = {
  'events:write': 'Send events, accounts and clicks.',
  'checks:write': 'Ask the pre-credit check and verify its tokens.',
  'checks:read': 'Read answered checks.',
  'codes:read': 'Ask whether a code is valid.',
  'codes:write': 'Give an account its code and link.',
  'members:read': 'Read the figures, balances and rebates of members.',
  'members:write': 'Move a member’s reward to the main balance.',
  'claims:write': 'Enter, confirm and decide claims of members.',
  'standing:read': 'Read enrolments, tracks, contracts and accepted terms.',
  'standing:write': 'Change enrolments, tracks, contracts, accepted terms and excluded accounts.',
  'payouts:read': 'Read payees, payouts and batches.',
  'payouts:write': 'Request, approve, send and settle payouts.',
  'statements:read': 'Export statements of members and programs.',
  'statements:write': 'Close a period.',
  'delivery:read': 'Read webhook endpoints, instructions and what waits to be delivered.',
  'delivery:write': 'Change webhook endpoints, confirm instructions, reconcile with the host’s list.',
  'scans:read': 'Read scans.',
  'scans:run': 'Start a scan.',
  'rings:read': 'Read rings and their reasons.',
  'cases:read': 'Read cases.',
  'plans:write': 'Plan an action and see its effects.',
  'decisions:write': 'Apply and undo plans.',
  'programs:read': 'Read programs, versions of rules and policies.',
  'programs:write': 'Create programs, versions of rules and policies.',
  'keys:write': 'Create, rotate and revoke API keys.',
  'metrics:read': 'Read the metrics.',
} as const

export type Scope = keyof typeof SCOPES

export const ALL_SCOPES: readonly Scope[] = Object.keys(SCOPES).filter(isScope)

/** Sets with a name, for the command line. */
export const SCOPE_SETS: Readonly<Record<string, readonly Scope[]>> = {
  admin: ALL_SCOPES,
  host: ['events:write', 'checks:write', 'checks:read', 'codes:read', 'codes:write', 'members:read', 'members:write', 'programs:read', 'claims:write', 'standing:read', 'standing:write', 'payouts:write', 'delivery:read', 'delivery:write'],
  finance: ['statements:read', 'statements:write', 'payouts:read', 'payouts:write', 'members:read', 'programs:read', 'standing:read'],
  analyst: ['rings:read', 'cases:read', 'plans:write', 'decisions:write', 'checks:read', 'members:read', 'scans:read', 'programs:read', 'claims:write'],
  monitor: ['metrics:read'],
}

export function isScope(word: string): word is Scope {
  return Object.hasOwn(SCOPES, word)
}
