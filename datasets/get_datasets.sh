#!/usr/bin/env bash
# Fetches the COCO captioning data set into datasets/coco_captioning.
#
#     bash datasets/get_datasets.sh              all ten files (2.3 GB)
#     bash datasets/get_datasets.sh --pca-only   without the 4096-wide features (0.3 GB)
#     bash datasets/get_datasets.sh --help       other sources, and what else there is
#
# The work is done by get_datasets.py beside this script; here, only a Python to run it is found.

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)" || exit 1

for python in "${PYTHON:-python3}" python3 python py; do
    # A name may be there and not work: Windows has a python3 that only opens its shop.
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
        exec "$python" "$here/get_datasets.py" "$@"
    fi
done

echo "get_datasets.sh: Python 3.8 or newer is needed, and none was found. Install it, or set PYTHON." >&2
exit 1
