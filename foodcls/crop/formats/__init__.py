"""Reads the annotation formats of drawing tools into raw boxes; one module a family of tools.

    detect        detects the annotation format by the contents
    raw_box       a box as a tool wrote it, and the shapes that tools write
    documents     opens JSON and XML files, bounded in bytes and depth
    plain_csv     tables of corners and of x,y,w,h, Open Images
    via           VGG Image Annotator, as CSV and JSON
    label_studio  Label Studio, as CSV and JSON
    coco          COCO
    datumaro      Datumaro
    picture_lists CreateML, VoTT and Vertex AI
    labelme       labelme
    supervisely   Supervisely
    voc           Pascal VOC
    cvat          CVAT for images
    yolo          YOLO

`crop: {boxes: FILE OR FOLDER}` of a recipe reads any of these; `crop.format` and `crop.units`
settle what the contents leave open. x runs to the right and y down from the top left corner of
the upright picture; pixels count from 0.

annotation format  columns or keys                                                unit
-----------------  -------------------------------------------------------------  -------
tfod_csv           filename,width,height,class,xmin,ymin,xmax,ymax                pixels
                   (width, height: of the picture; 0, empty or no column: not
                   known); VoTT's image,…,label; x1,y1,x2,y2; left,top,right,
                   bottom; keras-retinanet's without a header;
                   rows with a `proposed` that is not empty, 0, no or false are
                   left out until accepted, unless the recipe says otherwise
via_csv            filename,region_shape_attributes,region_attributes             pixels
                   (JSON cells; rect, circle, and the bounds of a polygon)
open_images_csv    ImageID,LabelName,XMin,XMax,YMin,YMax[,Confidence]             share
                   (ImageID: file name without its ending; LabelName: a class of
                   the recipe, so put names in place of codes such as /m/014j1m)
label_studio_csv   image,label,annotation_id (label: JSON x,y,width,height,       percent
                   rotation,rectanglelabels,original_width,original_height)
xywh_csv           x,y,w,h or x,y,width,height (top left corner and sides), with  none: see
                   filename (file_name, image, image_name, …), class (label,      below
                   label_name, category, …) and, if wished, image_width,
                   image_height; bbox_x,bbox_y,bbox_width,bbox_height too; a
                   column bbox of lists; makesense.ai's without a header
coco_json          images, annotations (bbox x,y,width,height), categories        pixels
label_studio_json  tasks with annotations, or JSON-MIN; of several people's       percent
                   annotations of a task the ground truth or else the newest
via_json           pictures with regions, or a project; of version 3, too         pixels
vott_json          a project's assets, or a file an asset                         pixels
createml_json      pictures with annotations (coordinates of the center)          pixels
vertex_jsonl       a picture a line: imageGcsUri, boundingBoxAnnotations          share
datumaro_json      items with annotations; categories                             pixels
supervisely_json   objects of a.jpg.json (rectangle, bounds of a polygon); a      pixels
                   folder too
labelme_json       shapes (rectangle, circle, bounds of a polygon); a folder too  pixels
voc_xml            annotation/object/bndbox; a file or a folder; a size of 0x0    pixels
                   says nothing
cvat_xml           annotations/image/box and polygon                              pixels
yolo_txt           a folder of .txt, lines `class cx cy w h` or `class x y x y …`  share
                   and, if wished, a confidence; with classes.txt or data.yaml

pixels  of the picture
percent 0 to 100 of the picture's width or height
share   0 to 1 of the picture's width or height

A folder of tables of one format, or of JSON, is read as one file.

A table of x,y,w,h says no unit: it is read where only one unit puts the boxes into their
pictures, and refused otherwise (see foodcls.crop.units). A turned box counts as the upright box
around it. For photos that EXIF turns see foodcls.crop.turns, for names foodcls.crop.matching.
"""
