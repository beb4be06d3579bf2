// What one rank of a model holds, in counts. The same rules for every back end.
//
//   S1. Attention is cut by heads, the feed-forward layer by intermediate columns, the vocabulary
//       by panels of 16. Key and value heads are replicated when there are more ranks than of them.
//   S2. Row-parallel products (attention's output and down) sum k in `segments` equal runs that the
//       model's shape alone decides: 4 where its padded tiles divide by 4, else 2, else 1. A rank
//       holds whole segments, so the pairwise tree over them is the same at every rank count.
#pragma once

#include <string>
#include <vector>

#include "core/config.h"

namespace signalbox {

struct Shards {
  int ranks;
  int heads;            // of a rank
  int kvHeads;          // of a rank
  int kvReplicas;       // ranks that hold the same key and value heads
  int qkvOutputs;       // of a rank: query, key and value heads
  int attentionK;       // of a rank: columns of attention's output projection, % 32
  int outputSegments;   // of a rank
  int intermediate;     // of a rank, % 32; the last rank's end is padding
  int downSegments;     // of a rank
  int vocabPanels;      // of all ranks

  /// Panels of the vocabulary that `rank` holds: [firstPanel(rank), firstPanel(rank + 1)).
  int firstPanel(int rank) const;
  int ownerOf(TokenId token) const;
  /// The first key-value head of `rank`, among the model's.
  int firstKvHead(int rank, const ModelConfig& config) const;
};

/// Throws kUnsupportedModel naming what `ranks` would cut and the counts that would do.
Shards shardsOf(const ModelConfig& config, int ranks);

/// The counts of ranks that can share the model, ascending.
std::vector<int> ranksThatFit(const ModelConfig& config);

}  // namespace signalbox
