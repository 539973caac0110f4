// Delivery: what hosts are told, written with its cause and sent signed, at least once.

export { enqueue, type OutgoingMessage } from './enqueue.ts'
export { isTopic, type Topic, TOPIC_NAMES, TOPICS } from './topics.ts'
