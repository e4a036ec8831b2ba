// The n-th entry takes the schema to version n. One that has shipped is never edited.

const FIRST = `
-- every root that a share, a transfer or a download speaks of; ids are never used twice
CREATE TABLE root (id INTEGER PRIMARY KEY AUTOINCREMENT, cid TEXT NOT NULL UNIQUE) STRICT;

-- the skeleton's byte stream (PROTOCOL.md, "Ordinals") in rows of at most 1 MiB, each beginning where the last one ends
CREATE TABLE skeleton (root_id INTEGER NOT NULL REFERENCES root ON DELETE CASCADE, start INTEGER NOT NULL,
  bytes BLOB NOT NULL, PRIMARY KEY (root_id, start)) STRICT;

CREATE TABLE share (root_id INTEGER PRIMARY KEY REFERENCES root ON DELETE CASCADE, name TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, file_count INTEGER NOT NULL, leaf_count INTEGER NOT NULL,
  skeleton_bytes INTEGER NOT NULL, state TEXT NOT NULL, origin TEXT NOT NULL, added_at INTEGER NOT NULL) STRICT;

-- one place where a share's content stands; sources: JSON array of the paths the user named
CREATE TABLE copy (id INTEGER PRIMARY KEY AUTOINCREMENT, root_id INTEGER NOT NULL REFERENCES share ON DELETE CASCADE,
  base TEXT NOT NULL, sources TEXT NOT NULL) STRICT;
CREATE INDEX copy_root ON copy (root_id);

-- path: below the copy's base, or absolute; first, leaves: its interval of ordinals; stat: see stat.ts;
-- state: 0 clean, 1 being checked, 2 missing, 3 changed
CREATE TABLE file (copy_id INTEGER NOT NULL REFERENCES copy ON DELETE CASCADE, idx INTEGER NOT NULL,
  path TEXT NOT NULL, first INTEGER NOT NULL, leaves INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
  stat BLOB NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (copy_id, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX file_state ON file (copy_id, state) WHERE state > 0;

-- prefix: the first 8 bytes of the digest as a signed integer
CREATE TABLE leaf (prefix INTEGER NOT NULL, root_id INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY (prefix, root_id, ordinal)) STRICT, WITHOUT ROWID;

CREATE TABLE stat_cache (stat BLOB PRIMARY KEY, digests BLOB NOT NULL, used_at INTEGER NOT NULL) STRICT;
CREATE INDEX stat_cache_used ON stat_cache (used_at);

CREATE TABLE transfer (root_id INTEGER NOT NULL REFERENCES root, directory TEXT NOT NULL, name TEXT NOT NULL,
  state TEXT NOT NULL, error TEXT, selection TEXT, addrs TEXT NOT NULL, bytes INTEGER NOT NULL, total_bytes INTEGER,
  path TEXT, added_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (root_id, directory)) STRICT;

-- part: absolute path of the .part; place: where it is being moved, once finishing began
CREATE TABLE download (id INTEGER PRIMARY KEY AUTOINCREMENT, root_id INTEGER NOT NULL REFERENCES root,
  directory TEXT NOT NULL, name TEXT NOT NULL, part TEXT NOT NULL, place TEXT,
  UNIQUE (root_id, directory)) STRICT;
-- durable bits, 4096 bytes a row; dirty: extents that were or are being written and are not all durable
CREATE TABLE durable (download_id INTEGER NOT NULL REFERENCES download ON DELETE CASCADE, chunk INTEGER NOT NULL,
  bits BLOB NOT NULL, PRIMARY KEY (download_id, chunk)) STRICT;
CREATE TABLE dirty (download_id INTEGER NOT NULL REFERENCES download ON DELETE CASCADE, extent INTEGER NOT NULL,
  PRIMARY KEY (download_id, extent)) STRICT, WITHOUT ROWID;
-- a file's stat at the last clean point
CREATE TABLE part_file (download_id INTEGER NOT NULL REFERENCES download ON DELETE CASCADE, idx INTEGER NOT NULL,
  stat BLOB NOT NULL, PRIMARY KEY (download_id, idx)) STRICT, WITHOUT ROWID;

CREATE TABLE peer (peer_id TEXT PRIMARY KEY, addrs TEXT NOT NULL, seen_at INTEGER NOT NULL) STRICT;
CREATE TABLE ban (peer_id TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
CREATE TABLE provide (root TEXT PRIMARY KEY, provided_at INTEGER NOT NULL, due_at INTEGER NOT NULL) STRICT;
`

const HERE = `
-- what of a share stands in its copies: after a selective download fewer files than it has
ALTER TABLE share ADD COLUMN here_files INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN here_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE share SET (here_files, here_bytes) = (SELECT count(*), coalesce(sum(bytes), 0) FROM
  (SELECT max(file.size_bytes) AS bytes FROM copy JOIN file ON file.copy_id = copy.id
     WHERE copy.root_id = share.root_id GROUP BY idx));
`

const IN_LINE = `
-- downloads that go on, in the order in which they are to receive
ALTER TABLE transfer ADD COLUMN in_line INTEGER NOT NULL DEFAULT 0;
UPDATE transfer SET in_line = (SELECT count(*) FROM transfer AS earlier
  WHERE (earlier.added_at, earlier.rowid) <= (transfer.added_at, transfer.rowid));
`

const SKELETON_USED = `
-- when the skeleton was last added to or looked into, milliseconds since 1970: one that nothing came of is let go of
ALTER TABLE root ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE root SET used_at = unixepoch() * 1000;
`

const NO_ROOT = `
-- no share of the user's: copies hang from it while they are being added, with the root that is to have them as their base
INSERT INTO root (cid) VALUES ('');
INSERT INTO share SELECT id, '', 0, 0, 0, 0, 'ready', 'shared', 0, 0, 0 FROM root WHERE cid = '';
`

const NAMES = `
-- JSON (NameRules, safe-name.ts): by which rules the entries of a download got their names; null: by those of the system
ALTER TABLE download ADD COLUMN names TEXT;
`

const MANY_FILES = `
-- whether a download may have more files than are got without asking; nobody was asked of those that are there
ALTER TABLE transfer ADD COLUMN many_files INTEGER NOT NULL DEFAULT 0;
UPDATE transfer SET many_files = 1;
`

const CUT_OFF = `
-- how often a download was being opened when the process ended
ALTER TABLE transfer ADD COLUMN cut_off INTEGER NOT NULL DEFAULT 0;
`

export const MIGRATIONS: readonly string[] = [FIRST, HERE, IN_LINE, SKELETON_USED, NO_ROOT, NAMES, MANY_FILES, CUT_OFF]
