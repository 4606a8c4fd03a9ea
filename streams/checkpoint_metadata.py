"""A processor's checkpoint as it lies on the broker: in the metadata of a committed offset."""

import json

from processors.assembly import Checkpoint
from streams.delivery import Committed

METADATA_BYTES = 4096
"""What Kafka keeps with a committed offset (`offset.metadata.max.bytes`)."""

_LONGEST_START = 21


def format_metadata(checkpoint: Checkpoint, rejected_in_a_row: int) -> str:
    """A checkpoint as the metadata of a committed offset. Starts that do not fit are left out, at the price of another
    dialogue id for those after a crash."""
    starts = [start - checkpoint.offset for start in checkpoint.starts[:METADATA_BYTES]]
    while True:
        metadata = json.dumps(
            {
                "watermark": checkpoint.watermark,
                "emitted": checkpoint.emitted - checkpoint.offset,
                "starts": starts,
                "rejected": rejected_in_a_row,
            },
            separators=(",", ":"),
        )
        too_much = len(metadata) - METADATA_BYTES
        if too_much <= 0:
            return metadata
        del starts[-1 - too_much // _LONGEST_START :]


def parse_metadata(committed: Committed) -> tuple[Checkpoint, int]:
    """(checkpoint, rejected in a row) of a committed offset; those moved by an operator start afresh."""
    offset = max(committed.offset, 0)
    try:
        held = json.loads(committed.metadata) if committed.metadata else {}
        return (
            Checkpoint(
                offset,
                float(held.get("watermark", 0.0)),
                offset + int(held.get("emitted", 0)),
                tuple(offset + int(start) for start in held.get("starts", ())),
            ),
            int(held.get("rejected", 0)),
        )
    except (ValueError, TypeError, AttributeError):
        return Checkpoint(offset), 0
