# cmake/debian_date.cmake: read by cpack before it begins. Every time in a package is the changelog's, so that the same source gives the
# same packages.
execute_process(COMMAND date --utc --date=${CPACK_TIDEGATE_DATE} +%s OUTPUT_VARIABLE SECONDS OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
set(ENV{SOURCE_DATE_EPOCH} ${SECONDS})
