// Delivery: what hosts are told, written with its cause and sent signed, at least once.

export { ATTEMPTS_MAX, backoffMilliseconds } from './backoff.ts'
export { deliverDue, type Deliverer, type DeliveryRound } from './deliver.ts'
export {
  createEndpoint, type Endpoint, type EndpointKeeper, type EndpointMade, type EndpointRefusal, listEndpoints, type NewEndpoint, retireEndpoint, rotateEndpoint, sendTest,
} from './endpoints.ts'
export { enqueue, type OutgoingMessage } from './enqueue.ts'
export { deliveryJobs } from './jobs.ts'
export { deliveryState, type DeliveryState, forgetMessages, listMessages, MESSAGE_STATES, type MessageQuery, type MessageState, MESSAGES_KEPT_DAYS, redeliver } from './messages.ts'
export { isTopic, type Topic, TOPIC_NAMES, TOPICS } from './topics.ts'
