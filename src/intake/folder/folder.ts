// The folder feed: a watched directory.
import type { FolderFeed } from '../../policy/schema.ts'
import type { FeedParts } from '../take.ts'

export type FolderFeedParts = FeedParts & { readonly feed: FolderFeed }
export type RunningFolderFeed = { close(): Promise<void> }

export const startFolderFeed = async (_parts: FolderFeedParts): Promise<RunningFolderFeed> => { throw new Error('not built yet') }
