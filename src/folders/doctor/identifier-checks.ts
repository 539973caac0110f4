// Checks of what links accounts: is each kind there, is it the customer's own, and is it the strong form of it?
import { IdentifierFlag } from '../../../scoring/population.ts'
import type { Population } from '../../../scoring/population.ts'
import type { FolderContents } from '../read-folder.ts'
import { percent } from './finding.ts'
import type { Finding, Severity } from './finding.ts'

type Family = 'device' | 'payment' | 'ip' | 'other'

/** A family of which fewer accounts have any is worth a warning. */
const fewShare = 0.5
/** One value on this share of the accounts that have its kind is suspicious, and beyond the second it misleads. */
const constantShares = { warning: 0.1, error: 0.3 }
const constantAccountsMin = 20
/** Networks and domains are shared by their nature. */
const sharedKinds: ReadonlySet<string> = new Set(['ip:network', 'email:domain', 'email:pattern'])

export function checkIdentifiers(contents: FolderContents): Finding[] {
  const { population } = contents
  if (population.observations.count === 0) {
    return population.accounts.count === 0 ? [] : [{ code: 'no_identifiers', severity: 'error', facts: {} }]
  }
  return [
    ...checkCoverage(population), ...checkConstants(contents), ...checkForms(population), ...checkTimes(population),
  ]
}

export function familyOf(kind: string): Family {
  const word = kind.split(':')[0]
  if (word === 'device' || word === 'ip') return word
  return word === 'payment' || word === 'payout' || word === 'bank' || word === 'wallet' ? 'payment' : 'other'
}

function checkCoverage({ accounts, identifiers, observations }: Population): Finding[] {
  const bit: Readonly<Record<Family, number>> = { device: 1, payment: 2, ip: 4, other: 8 }
  const familyBit = identifiers.kinds.map((kind) => bit[familyOf(kind)])
  const seen = new Uint8Array(accounts.count)
  for (let row = 0; row < observations.count; row += 1) {
    const kind = identifiers.kind[observations.identifier[row] ?? 0] ?? 0
    const account = observations.account[row] ?? 0
    seen[account] = (seen[account] ?? 0) | (familyBit[kind] ?? 0)
  }
  const share = (family: Family): number => seen.filter((bits) => (bits & bit[family]) !== 0).length / accounts.count
  const shares = { device: share('device'), payment: share('payment'), ip: share('ip'), other: share('other') }
  const findings: Finding[] = [{
    code: 'coverage', severity: 'note',
    facts: Object.fromEntries(Object.entries(shares).map(([family, value]) => [family, percent(value)])),
  }]
  for (const [family, code] of [['device', 'few_devices'], ['payment', 'few_payments'], ['ip', 'few_addresses']] as const) {
    if (shares[family] < fewShare) findings.push({ code, severity: 'warning', facts: { share: percent(shares[family]) } })
  }
  return findings
}

/** Identifiers that sit on a large share of the accounts that have their kind at all. */
function checkConstants({ population, identifierMasks }: FolderContents): Finding[] {
  const { identifiers } = population
  const accountsOf = countAccounts(population)
  const accountsOfKind = countAccountsPerKind(population)
  const findings: { finding: Finding; share: number }[] = []
  for (let identifier = 0; identifier < identifiers.count; identifier += 1) {
    const kindNumber = identifiers.kind[identifier] ?? 0
    const kind = identifiers.kinds[kindNumber] ?? ''
    const accounts = accountsOf[identifier] ?? 0
    const share = accounts / Math.max(1, accountsOfKind[kindNumber] ?? 0)
    if (accounts < constantAccountsMin || share < constantShares.warning || sharedKinds.has(kind)) continue
    const severity: Severity = share >= constantShares.error ? 'error' : 'warning'
    const mask = identifierMasks[identifier] ?? ''
    const facts = { kind, mask, share: percent(share), accounts }
    findings.push({
      share, finding: { code: familyOf(kind) === 'ip' ? 'constant_address' : 'constant_identifier', severity, facts },
    })
  }
  findings.sort((left, right) => right.share - left.share || compareText(String(left.finding.facts.mask), String(right.finding.facts.mask)))
  return joinAddresses(findings.map(({ finding }) => finding)).slice(0, 10)
}

/** Several addresses on many accounts are one finding: a carrier or a campus has more than one exit. */
function joinAddresses(findings: readonly Finding[]): Finding[] {
  const several = findings.filter(({ code, severity }) => code === 'constant_address' && severity === 'warning')
  const [largest] = several
  if (largest === undefined || several.length === 1) return [...findings]
  const joined: Finding = {
    ...largest, code: 'popular_addresses', facts: { ...largest.facts, addresses: several.length, least: percent(constantShares.warning) },
  }
  return findings.flatMap((finding) => (finding === largest ? [joined] : several.includes(finding) ? [] : [finding]))
}

/** Distinct accounts per identifier: rows are grouped by identifier first, so that one mark per account is enough. */
export function countAccounts({ accounts, identifiers, observations }: Population): Uint32Array {
  const starts = new Uint32Array(identifiers.count + 1)
  for (const identifier of observations.identifier) starts[identifier + 1] = (starts[identifier + 1] ?? 0) + 1
  for (let next = 1; next < starts.length; next += 1) starts[next] = (starts[next] ?? 0) + (starts[next - 1] ?? 0)
  const accountOf = new Uint32Array(observations.count)
  const filled = starts.slice()
  for (const [row, identifier] of observations.identifier.entries()) {
    const place = filled[identifier] ?? 0
    accountOf[place] = observations.account[row] ?? 0
    filled[identifier] = place + 1
  }
  const counts = new Uint32Array(identifiers.count)
  const lastIdentifier = new Int32Array(accounts.count).fill(-1)
  for (let identifier = 0; identifier < identifiers.count; identifier += 1) {
    for (const account of accountOf.subarray(starts[identifier], starts[identifier + 1])) {
      if (lastIdentifier[account] === identifier) continue
      lastIdentifier[account] = identifier
      counts[identifier] = (counts[identifier] ?? 0) + 1
    }
  }
  return counts
}

function countAccountsPerKind({ accounts, identifiers, observations }: Population): Uint32Array {
  const counts = new Uint32Array(identifiers.kinds.length)
  const seen = identifiers.kinds.map(() => new Uint8Array(accounts.count))
  for (let row = 0; row < observations.count; row += 1) {
    const kind = identifiers.kind[observations.identifier[row] ?? 0] ?? 0
    const account = observations.account[row] ?? 0
    const flags = seen[kind]
    if (flags === undefined || flags[account] === 1) continue
    flags[account] = 1
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** Forms that say less than they could: private addresses, masked cards, kinds without subtype. */
function checkForms({ identifiers, observations }: Population): Finding[] {
  const total: Record<Family, number> = { device: 0, payment: 0, ip: 0, other: 0 }
  const bare: Record<Family, number> = { device: 0, payment: 0, ip: 0, other: 0 }
  let unreachable = 0
  let masked = 0
  const families = identifiers.kinds.map(familyOf)
  const isNetwork = identifiers.kinds.map((kind) => kind === 'ip:network')
  for (let row = 0; row < observations.count; row += 1) {
    const identifier = observations.identifier[row] ?? 0
    const kind = identifiers.kind[identifier] ?? 0
    if (isNetwork[kind] === true) continue
    const family = families[kind] ?? 'other'
    const flags = identifiers.flags[identifier] ?? 0
    total[family] += 1
    if ((flags & IdentifierFlag.bare) !== 0) bare[family] += 1
    if ((flags & (IdentifierFlag.privateRange | IdentifierFlag.reserved)) !== 0) unreachable += 1
    if ((flags & IdentifierFlag.masked) !== 0) masked += 1
  }
  const findings: Finding[] = []
  const add = (code: 'private_addresses' | 'masked_cards', count: number, of: number, warnFrom: number): void => {
    if (of > 0 && count / of >= warnFrom) findings.push({ code, severity: 'warning', facts: { share: percent(count / of) } })
  }
  add('private_addresses', unreachable, total.ip, 0.02)
  add('masked_cards', masked, total.payment, 0.05)
  if (total.device > 0 && bare.device / total.device >= 0.05) {
    findings.push({ code: 'bare_devices', severity: 'note', facts: { share: percent(bare.device / total.device) } })
  }
  return findings
}

function checkTimes({ observations }: Population): Finding[] {
  const untimed = observations.at.filter((at) => Number.isNaN(at)).length / observations.count
  return untimed < 0.05 ? [] : [{ code: 'untimed_observations', severity: 'warning', facts: { share: percent(untimed) } }]
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
