// The outbox's one entrance: a message is written in the transaction of its cause, once for every endpoint that subscribes to its topic.
// Promises: no message without its cause and none lost with it; one statement for any number of messages.

import { canonicalJson } from '../base/hashing.ts'
import type { Session } from '../base/session.ts'
import type { Topic } from './topics.ts'

export interface OutgoingMessage {
  readonly topic: Topic
  /** What it is about: messages about one object reach an endpoint in their order. */
  readonly objectKind: string
  readonly objectId: bigint
  /** Endpoints of this programme and those of all programmes get it; null is for the latter alone. */
  readonly programId: bigint | null
  /** What the host is told, as JSON; external ids are allowed, because the row goes after its time. Bigint is written as text. */
  readonly body: Readonly<Record<string, unknown>>
  /** When its cause was recorded. */
  readonly at: Date
}

/** Call it in the transaction of the cause; the order of the messages is kept. */
export async function enqueue(session: Session, messages: OutgoingMessage | readonly OutgoingMessage[]): Promise<void> {
  const list = 'topic' in messages ? [messages] : messages
  if (list.length === 0) return
  await session.$executeRaw`
    insert into outbox (endpoint_id, message_id, topic, object_kind, object_id, body, recorded_at, next_attempt_at)
    select e.id, gen_random_uuid(), m.topic, m.object_kind, m.object_id, m.body, m.at, m.at
      from jsonb_array_elements(${canonicalJson(list.map(rowOf))}::jsonb) with ordinality as line(value, place)
      cross join lateral jsonb_to_record(line.value) as m(topic text, object_kind text, object_id bigint, program_id bigint, body jsonb, at timestamptz)
      join webhook_endpoint e on e.retired_at is null and m.topic = any (e.topics) and (e.program_id is null or e.program_id = m.program_id)
      order by line.place, e.id`
}

function rowOf({ topic, objectKind, objectId, programId, body, at }: OutgoingMessage): Record<string, unknown> {
  return { topic, object_kind: objectKind, object_id: objectId, program_id: programId, body, at }
}
