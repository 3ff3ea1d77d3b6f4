"""python -m banmian"""

from banmian.cli import main

main()
