"""Limits between one sample and the next: how far apart they may be, what counts as a restart.

The loader and the live view both use them. They compute growth in their own ways: the loader in
SQL, over all samples of the warehouse, in any order of loading; the live view in Polars, over
minutes of files, because it must not open the warehouse. The live view does not read the tier file
either, so it takes the usual interval of a target from its scrapes.
"""

from datetime import timedelta

# Two scrapes further apart leave a gap: nothing is known of the time between them.
MIN_GAP = timedelta(seconds=15)
# Two readings of power further apart are not joined by a line.
MIN_POWER_GAP = timedelta(seconds=3)
# A target that is scraped rarely may miss this number of intervals, if that is longer.
GAP_INTERVALS = 3
# Where pages do not say when their process started, a counter that falls and is back within this
# number of scrapes did not restart.
SETTLE_INTERVALS = 20
# Some exporters compute the start of the process again for each page, from a clock that is set now
# and then. Only a larger difference is a restart.
START_TOLERANCE = timedelta(seconds=2)
