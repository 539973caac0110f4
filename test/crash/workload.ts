// Clients that move money over HTTP while things are killed under them, and the oracle of what was acknowledged.
// An order whose answer was lost is told again, unchanged, until it is answered: what a careful host does.

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { expect } from 'vitest'
import type { Database } from '../../src/base/database.ts'
import { apiyi } from '../../src/programs/index.ts'

const PAIRS = 5
const CLIENTS = 8

/** One order of a client: the same bytes each time it is told. */
interface Order {
  readonly id: string
  readonly path: string
  readonly body: string
  readonly kind: 'recharge' | 'refund' | 'spend' | 'transfer'
}

interface Acknowledged {
  readonly order: Order
  readonly text: string
}

export class Workload {
  readonly acknowledged = new Map<string, Acknowledged>()
  readonly issued = new Map<string, Order>()
  /** Told, but the answer was lost or was no answer. */
  private unsure: Order[] = []
  private readonly generator
  private recharges: { readonly id: string; readonly member: number }[] = []
  private token = ''
  private count = 0

  constructor(seed: number) {
    this.generator = xoroshiro128plus(seed)
  }

  private random(bound: number): number {
    return uniformInt(this.generator, 0, bound - 1)
  }

  /** Makes the programme and its members; every pair is an inviter and an invitee. */
  async prepare(url: string, token: string): Promise<void> {
    this.token = token
    const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
      const response = await this.post(url, path, JSON.stringify(body), 'prepare')
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
      return JSON.parse(text) as Record<string, unknown>
    }
    await post('/v1/programs', { key: 'crash', name: 'crash', effective_from: '2026-01-01T00:00:00Z', rules: { ...apiyi.versions[0]?.content, eligibility: undefined } })
    for (let pair = 0; pair < PAIRS; pair++) {
      const { code } = await post('/v1/accounts', { program: 'crash', account: `inviter-${pair}` })
      await post('/v1/events', { source: 'crash', event_id: `signup-${pair}`, type: 'signup', account: `friend-${pair}`, occurred_at: '2026-02-01T00:00:00Z', code })
    }
  }

  /** Orders from all clients at once until so many were acknowledged in this call, or nobody answers any more. */
  async run(url: string, acknowledgements: number, onEnough: () => Promise<void>): Promise<void> {
    await this.ready(url)
    const goal = this.acknowledged.size + acknowledgements
    let isOver = false
    let killing: Promise<void> | undefined
    const client = async (): Promise<void> => {
      while (!isOver) {
        const order = this.unsure.shift() ?? this.next()
        this.issued.set(order.id, order)
        const text = await this.tell(url, order)
        if (text === null) {
          this.unsure.push(order)
          // The service is gone, or about to be: its clients stop here and go on with the next one.
          if (killing !== undefined) isOver = true
        } else this.acknowledged.set(order.id, { order, text })
        // The kill falls among the requests of the other clients.
        if (this.acknowledged.size >= goal) killing ??= onEnough().then(() => { isOver = true })
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    await killing
  }

  /** Tells everything whose answer was lost again, until there is nothing left; whoever was killed is back. */
  async finish(url: string): Promise<void> {
    await this.ready(url)
    for (let attempt = 0; this.unsure.length > 0; attempt++) {
      const orders = this.unsure
      this.unsure = []
      for (const order of orders) {
        const text = await this.tell(url, order)
        if (text === null) this.unsure.push(order)
        else this.acknowledged.set(order.id, { order, text })
      }
      if (attempt > 50) throw new Error(`${this.unsure.length} orders are never answered`)
    }
  }

  /** Until the service says that it can answer; it may have to find its database again. */
  private async ready(url: string): Promise<void> {
    const isReady = (): Promise<boolean> => fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(({ ok }) => ok, () => false)
    while (!(await isReady())) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Everything that was acknowledged, told once more, gets the same answer; a money order the same bytes. A refusal leaves its key free. */
  async expectSameAnswers(url: string): Promise<void> {
    for (const { order, text } of this.acknowledged.values()) {
      if (order.kind === 'transfer' && !isMoved(text)) continue
      const again = await this.tell(url, order)
      if (order.kind === 'transfer') expect(again, order.id).toBe(text)
      else expect(factsOf(again), order.id).toEqual(factsOf(text))
    }
  }

  /** How many acknowledged orders the database does not hold; none of anything may be there twice, and nothing that nobody ordered. */
  async lostIn(owner: Database): Promise<number> {
    const { rows: events } = await owner.pool.query<{ id: string; rebates: number; postings: number }>(
      `select v.body->>'event_id' as id, (select count(*)::int from rebate r where r.event_id = v.event_id) as rebates,
              (select count(*)::int from transfer t where t.event_id = v.event_id and t.kind = 'recharge') as postings
         from event_body v where v.body->>'source' = 'crash'`)
    const held = new Map(events.map((row) => [row.id, row]))
    const { rows: [transfers] } = await owner.pool.query<{ count: number }>(`select count(*)::int as count from transfer where kind = 'reward_transfer'`)
    let lost = 0
    let moved = 0
    for (const { order, text } of this.acknowledged.values()) {
      if (order.kind === 'transfer') moved += isMoved(text) ? 1 : 0
      else if (!held.has(order.id)) lost += 1
      else if (order.kind === 'recharge') expect(held.get(order.id), order.id).toEqual({ id: order.id, rebates: 1, postings: 1 })
    }
    for (const id of held.keys()) if (!id.startsWith('signup-')) expect(this.issued.has(id), `nobody ordered ${id}`).toBe(true)
    const orders = [...this.issued.values()].filter(({ kind }) => kind === 'transfer').length
    expect(transfers?.count ?? 0).toBeLessThanOrEqual(orders)
    return lost + Math.max(0, moved - (transfers?.count ?? 0))
  }

  private next(): Order {
    const id = `order-${this.count++}`
    const member = this.random(PAIRS)
    const kinds = ['recharge', 'recharge', 'recharge', 'spend', 'refund', 'transfer', 'transfer'] as const
    const wanted = kinds[this.random(kinds.length)] ?? 'recharge'
    const kind = wanted === 'refund' && this.recharges.length === 0 ? 'recharge' : wanted
    if (kind === 'transfer') return { id, kind, path: '/v1/members/transfer', body: JSON.stringify({ program: 'crash', account: `inviter-${member}`, asset: 'USD', amount: '0.01' }) }
    const fact = { source: 'crash', event_id: id, type: kind, occurred_at: '2026-03-01T00:00:00Z', account: `friend-${member}` }
    if (kind === 'refund') {
      const original = this.recharges[this.random(this.recharges.length)]
      return { id, kind, path: '/v1/events', body: JSON.stringify({ ...fact, account: `friend-${original?.member ?? 0}`, original: original?.id, amount: '0.5', currency: 'USD' }) }
    }
    if (kind === 'recharge') this.recharges = [...this.recharges.slice(-20), { id, member }]
    return { id, kind, path: '/v1/events', body: JSON.stringify({ ...fact, amount: kind === 'spend' ? '1' : `${1 + this.random(90)}.25`, currency: 'USD' }) }
  }

  /** The answer's text; null where there was none, or none that says what happened. */
  private async tell(url: string, order: Order): Promise<string | null> {
    try {
      const response = await this.post(url, order.path, order.body, order.id)
      const text = await response.text()
      if (response.status < 300 || (response.status === 422 && order.kind === 'transfer')) return text
      if (response.status >= 500 || response.status === 409 || response.status === 429) return null
      throw new Error(`${order.path} was answered with ${response.status}: ${text}`)
    } catch (error) {
      if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return null
      throw error
    }
  }

  private post(url: string, path: string, body: string, key: string): Promise<Response> {
    return fetch(`${url}${path}`, {
      method: 'POST', body, signal: AbortSignal.timeout(20_000),
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json', ...(path === '/v1/members/transfer' ? { 'idempotency-key': key } : {}) },
    })
  }
}

function isMoved(text: string): boolean {
  return 'transfer_id' in (JSON.parse(text) as object)
}

/** What an event's answer says of its effects; whether it was new differs between the first answer and a repetition, and refunds change what waits. */
function factsOf(text: string | null): unknown {
  const { event_id: id, rebates } = JSON.parse(text ?? '{}') as Record<string, unknown>
  return { id, rebates }
}
