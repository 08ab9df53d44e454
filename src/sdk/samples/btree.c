/*
 * A B-tree under a mixed load. Keys arrive in runs of neighbours, so the writes of one run fall on a few leaves; each
 * write moves half a node on average. Dirty pages are few and densely written: a page granularity suits this program.
 *
 *   btree [operations in thousands, 1500 unless given]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <veloc.h>

#define CHECKPOINTS 10
#define MAX_KEYS 84 /* makes a node 1 KiB: four on a page */
#define MAX_NODES 4096
#define RUN_LENGTH 64
#define KEY_SPACE 130000

typedef struct {
  int32_t count; /* keys in use */
  int32_t is_leaf;
  int32_t unused;
  uint32_t keys[MAX_KEYS];
  uint32_t values[MAX_KEYS];
  int32_t children[MAX_KEYS + 1]; /* indices into `nodes`: they mean the same after a restart, addresses might not */
} node;

/* Everything that the program goes on from after a restart, in two regions. */
static node nodes[MAX_NODES];
static struct {
  int32_t root, node_count;
  uint64_t random;
  uint64_t done; /* operations so far */
  uint64_t found, keys;
} tree;

static uint64_t next_random(void) {
  tree.random ^= tree.random << 13;
  tree.random ^= tree.random >> 7;
  tree.random ^= tree.random << 17;
  return tree.random;
}

static int32_t new_node(int is_leaf) {
  if (tree.node_count == MAX_NODES) {
    fprintf(stderr, "the tree is full\n");
    exit(1);
  }
  nodes[tree.node_count].is_leaf = is_leaf;
  return tree.node_count++;
}

/* The first position whose key is not below `key`. */
static int32_t position(const node *n, uint32_t key) {
  int32_t low = 0, high = n->count;
  while (low < high) {
    int32_t middle = (low + high) / 2;
    if (n->keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Makes room for an entry (and the child to its right) at `at`. */
static void shift_right(node *n, int32_t at) {
  size_t moved = (size_t)(n->count - at);
  memmove(&n->keys[at + 1], &n->keys[at], moved * sizeof n->keys[0]);
  memmove(&n->values[at + 1], &n->values[at], moved * sizeof n->values[0]);
  if (!n->is_leaf) memmove(&n->children[at + 2], &n->children[at + 1], moved * sizeof n->children[0]);
  n->count++;
}

/* Splits the full child at `at`: its upper half becomes a new node, its middle entry moves up into `parent`. */
static void split_child(node *parent, int32_t at) {
  node *left = &nodes[parent->children[at]];
  int32_t right_index = new_node(left->is_leaf);
  node *right = &nodes[right_index];
  int32_t middle = MAX_KEYS / 2;
  right->count = MAX_KEYS - middle - 1;
  memcpy(right->keys, &left->keys[middle + 1], (size_t)right->count * sizeof right->keys[0]);
  memcpy(right->values, &left->values[middle + 1], (size_t)right->count * sizeof right->values[0]);
  if (!left->is_leaf) memcpy(right->children, &left->children[middle + 1], (size_t)(right->count + 1) * sizeof right->children[0]);
  left->count = middle;
  shift_right(parent, at);
  parent->keys[at] = left->keys[middle];
  parent->values[at] = left->values[middle];
  parent->children[at + 1] = right_index;
}

static void insert(uint32_t key, uint32_t value) {
  if (nodes[tree.root].count == MAX_KEYS) {
    int32_t root = new_node(0);
    nodes[root].children[0] = tree.root;
    tree.root = root;
    split_child(&nodes[root], 0);
  }
  for (int32_t index = tree.root;;) {
    node *n = &nodes[index];
    int32_t at = position(n, key);
    if (at < n->count && n->keys[at] == key) {
      n->values[at] = value;
      return;
    }
    if (n->is_leaf) {
      shift_right(n, at);
      n->keys[at] = key;
      n->values[at] = value;
      tree.keys++;
      return;
    }
    if (nodes[n->children[at]].count == MAX_KEYS) {
      split_child(n, at);
      continue; /* the entry that moved up may be the key, or stand before it */
    }
    index = n->children[at];
  }
}

static int lookup(uint32_t key) {
  for (int32_t index = tree.root;;) {
    const node *n = &nodes[index];
    int32_t at = position(n, key);
    if (at < n->count && n->keys[at] == key) return 1;
    if (n->is_leaf) return 0;
    index = n->children[at];
  }
}

/* A run of neighbouring keys: written, then asked for along with keys that were never written. */
static void run(void) {
  uint32_t start = (uint32_t)(next_random() % KEY_SPACE);
  for (uint32_t i = 0; i < RUN_LENGTH; i++) insert(start + i, (uint32_t)next_random());
  for (uint32_t i = 0; i < RUN_LENGTH; i++) tree.found += (uint64_t)lookup((uint32_t)(next_random() % (2 * KEY_SPACE)));
  tree.done += 2 * RUN_LENGTH;
}

static uint64_t checksum(const void *data, size_t bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3;
  return hash;
}

int main(int argc, char **argv) {
  uint64_t operations = 1000 * (argc > 1 ? strtoull(argv[1], NULL, 10) : 1500);

  if (VELOC_Init_single(0, "btree.cfg") != VELOC_SUCCESS) return 1;
  VELOC_Mem_protect(0, &tree, 1, sizeof tree);
  VELOC_Mem_protect(1, nodes, MAX_NODES, sizeof(node));
  VELOC_Mem_name(0, "tree");
  VELOC_Mem_name(1, "nodes");

  /* The version counts checkpoints; how far the work had come is part of the state itself. */
  int version = VELOC_Restart_test("btree", 0);
  if (version > 0) {
    if (VELOC_Restart("btree", version) != VELOC_SUCCESS) return 1;
  } else {
    version = 0;
    tree.random = 0x9e3779b97f4a7c15;
    tree.root = new_node(1);
  }

  while (tree.done < operations) {
    run();
    if (tree.done >= operations / CHECKPOINTS * (uint64_t)(version + 1)) {
      version++;
      if (VELOC_Checkpoint("btree", version) != VELOC_SUCCESS) return 1;
    }
  }

  VELOC_Finalize(1);
  printf("%llu operations, %llu keys in %d nodes, %llu found, checksum %016llx\n", (unsigned long long)tree.done,
         (unsigned long long)tree.keys, tree.node_count, (unsigned long long)tree.found,
         (unsigned long long)checksum(nodes, sizeof nodes));
  return 0;
}
