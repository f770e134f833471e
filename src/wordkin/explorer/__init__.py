"""The page to look at vectors with: a small server for this machine alone, and files of one page.

In: models, already read. Out: answers to a browser, or a document that holds them all. The page
itself is written in `page/` and built into the package. Only `app` and `server` need the extra
`explore`; a document is made without.
"""
