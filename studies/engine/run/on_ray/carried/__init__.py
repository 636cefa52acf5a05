"""What travels between the driver and a node that sees no folder of the driver: code, images, the files of a trial."""
