// Rules and policies by time, kept in memory: a version is never changed once it is written, so only new ones have to be read.
// Promises: what the database counted in the same reading as the books decides whether memory is complete.

import { groupedBy } from '../../base/grouped-by.ts'
import type { Session } from '../../base/session.ts'
import { type CheckPolicy, checkPolicy, defaultCheckPolicy, programRules, type ProgramVersion } from '../../policies/index.ts'

/** Numbers and newest ids of versions and policies, numbers of programmes and assets: equal ones mean that nothing was added. */
export type VersionCounts = readonly (string | number | null)[]

export interface PolicyFrom {
  readonly programId: bigint
  readonly effectiveFrom: Date
  readonly policy: CheckPolicy
}

export interface ReadRules {
  readonly versions: readonly ProgramVersion[]
  readonly policies: readonly PolicyFrom[]
  readonly programs: ReadonlyMap<bigint, string>
  readonly exponents: ReadonlyMap<string, number>
}

export class KnownRules {
  readonly #versions: ReadonlyMap<bigint, readonly ProgramVersion[]>
  readonly #policies: ReadonlyMap<bigint, readonly PolicyFrom[]>
  readonly #byId: ReadonlyMap<bigint, ProgramVersion>
  readonly #read: ReadRules
  readonly #counts: string
  /** Whether any version asks for more than postings: sign-up credit, an idle clock, movement by itself, a host that keeps the main balance. */
  readonly haveConsequences: boolean

  constructor(read: ReadRules, counts: VersionCounts) {
    this.#read = read
    this.#counts = JSON.stringify(counts)
    this.#versions = groupedBy(read.versions, (version) => version.programId)
    this.#policies = groupedBy(read.policies, (policy) => policy.programId)
    this.#byId = new Map(read.versions.map((version) => [version.id, version]))
    this.haveConsequences = read.versions.some(({ rules }) => rules.signupCredit !== null || rules.enrolment.idle !== null || rules.settlement === 'host'
      || [rules.movement, ...rules.tracks.map((track) => track.movement)].some(({ rewardTransfer }) => rewardTransfer === 'automatic'))
  }

  isComplete(counts: VersionCounts): boolean {
    return JSON.stringify(counts) === this.#counts
  }

  /** The rules in force at the time; null before the first version. */
  versionAt(programId: bigint, at: Date): ProgramVersion | null {
    return this.#versions.get(programId)?.findLast((version) => version.effectiveFrom <= at) ?? null
  }

  versionOf(id: bigint): ProgramVersion {
    const version = this.#byId.get(id)
    if (version === undefined) throw new Error(`There is no version ${id}.`)
    return version
  }

  policyAt(programId: bigint, at: Date): CheckPolicy {
    return this.#policies.get(programId)?.findLast((policy) => policy.effectiveFrom <= at)?.policy ?? defaultCheckPolicy
  }

  /** When a hold of the programme that is placed now is due. */
  holdDueAt(programId: bigint, now: Date): Date {
    return new Date(now.getTime() + this.policyAt(programId, now).holdDays * 86_400_000)
  }

  /** The first programme that keeps the main balance in these books at that time, or null. */
  internalVersionAt(at: Date): ProgramVersion | null {
    for (const programId of this.#read.programs.keys()) {
      const version = this.versionAt(programId, at)
      if (version?.rules.settlement === 'internal') return version
    }
    return null
  }

  programKey(programId: bigint): string {
    return this.#read.programs.get(programId) ?? ''
  }

  programId(key: string): bigint | null {
    for (const [id, known] of this.#read.programs) if (known === key) return id
    return null
  }

  /** Undefined for an asset that is not known. */
  exponentOf(asset: string): number | undefined {
    return this.#read.exponents.get(asset)
  }
}

interface VersionRow {
  readonly id: bigint
  readonly program_id: bigint
  readonly number: number
  readonly effective_from: Date
  readonly rules: unknown
}

export async function readRules(session: Session): Promise<KnownRules> {
  const versions = await session.$queryRaw<VersionRow[]>`select id, program_id, number, effective_from, rules from program_version order by effective_from, id`
  const policies = await session.$queryRaw<{ id: bigint; program_id: bigint; effective_from: Date; policy: unknown }[]>`
    select id, program_id, effective_from, policy from policy_version order by effective_from, id`
  const programs = await session.$queryRaw<{ id: bigint; key: string }[]>`select id, key from program order by id`
  const assets = await session.$queryRaw<{ code: string; exponent: number }[]>`select code, exponent::int as exponent from asset`
  return new KnownRules({
    versions: versions.map((row) => ({ id: row.id, programId: row.program_id, number: row.number, effectiveFrom: row.effective_from, rules: programRules.parse(row.rules) })),
    policies: policies.map((row) => ({ programId: row.program_id, effectiveFrom: row.effective_from, policy: checkPolicy.parse(row.policy) })),
    programs: new Map(programs.map(({ id, key }) => [id, key])),
    exponents: new Map(assets.map(({ code, exponent }) => [code, exponent])),
  }, [versions.length, newest(versions), policies.length, newest(policies), programs.length, assets.length])
}

function newest(rows: readonly { readonly id: bigint }[]): string | null {
  return rows.reduce<bigint | null>((most, { id }) => (most === null || id > most ? id : most), null)?.toString() ?? null
}

/** Keeps rules between transactions; null before the first. */
export interface RulesMemory {
  rules: KnownRules | null
}

const memories = new WeakMap<object, RulesMemory>()

/** The one of a database, as the object that opens its transactions. */
export function rulesMemoryOf(database: object): RulesMemory {
  const known = memories.get(database) ?? { rules: null }
  memories.set(database, known)
  return known
}
