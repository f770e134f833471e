#!/bin/sh
# Sees to a browser for the tests of the page: one that is there, else Playwright's, else the
# system's. Where none can be had it says so, and those tests are left out.
# Usage: tests/browser.sh PYTHON
there() { "$1" "$(dirname "$0")/browsing.py"; }
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  command -v "$name" && exit
done
there "$1" && exit
PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=15000 timeout 600 "$1" -m playwright install chromium
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  if there "$1" > /dev/null; then
    "$1" -m playwright install-deps chromium  # the libraries it needs
  else
    apt-get install -qq -y chromium || { apt-get update -qq && apt-get install -qq -y chromium; }
  fi
fi
there "$1" || exit 0
