// What an API key may be allowed to do: a closed list, and named sets of it.

export const SCOPES = {
  'events:write': 'Send events, accounts and clicks.',
  'checks:write': 'Ask the pre-credit check and verify its tokens.',
  'checks:read': 'Read answered checks.',
  'codes:read': 'Ask whether a code is valid.',
  'codes:write': 'Give an account its code and link.',
  'members:read': 'Read the figures, balances and rebates of members.',
  'members:write': 'Move a member’s reward to the main balance.',
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
  host: ['events:write', 'checks:write', 'checks:read', 'codes:read', 'codes:write', 'members:read', 'members:write', 'programs:read'],
  analyst: ['rings:read', 'cases:read', 'plans:write', 'decisions:write', 'checks:read', 'members:read', 'scans:read', 'programs:read'],
  monitor: ['metrics:read'],
}

export function isScope(word: string): word is Scope {
  return Object.hasOwn(SCOPES, word)
}
