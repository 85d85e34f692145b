// What each transport to PKB does and is given; pkb.ts makes one destination of them. Types only.
import type { ContentStore } from '../../ledger/content.ts'
import type { Destination } from '../destination.ts'
import type { Connections } from './connections.ts'

export type ByTransport = Pick<Destination, 'create' | 'update' | 'recall' | 'look'>

export type TransportParts = { readonly connections: Connections; readonly content: ContentStore; readonly now: () => Date }
