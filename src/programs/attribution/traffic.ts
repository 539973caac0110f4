// Traffic that a programme does not want: clicks that were bought, and clicks from sites that are banned. The relation binds all the same;
// what it earns is held, where the rules in force at the sign-up say so.

import type { ProgramRules } from '../../policies/index.ts'

/** What is kept of a click: names of advertising parameters, and the host that it came from. */
export interface ClickTraffic {
  readonly adParameters: readonly string[]
  readonly refererHost: string | null
}

/** A banned name stands for its subdomains too; names of parameters and hosts are compared without case. */
export function isUnwanted({ paid, adParameters, bannedReferers }: ProgramRules['traffic'], { adParameters: seen, refererHost }: ClickTraffic): boolean {
  const bought = new Set(adParameters.map((name) => name.toLowerCase()))
  if (paid === 'hold' && seen.some((name) => bought.has(name.toLowerCase()))) return true
  const host = refererHost?.toLowerCase().replace(/\.$/, '') ?? null
  return host !== null && bannedReferers.map((name) => name.toLowerCase().replace(/^(\*\.|\.)/, '')).some((name) => host === name || host.endsWith(`.${name}`))
}
