# The files of the status page, as they are served: each at /NAME, index.html at / as well.
set(tidegate_page_files index.html)
